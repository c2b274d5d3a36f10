import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { call, type HttpCall } from '../../lab/cluster/http.ts';
import { lab } from './lab.ts';

/** What somebody tries who has stolen a token: bare requests to the real API server, and what it says to them. */

export type Attempt = Pick<HttpCall, 'method' | 'body' | 'contentType' | 'headers'> & {
  readonly path: string;
};

export interface Answer {
  readonly status: number;
  readonly message: string;
  /** The priority level that it has waited in, by its UID. */
  readonly level: unknown;
}

export const MERGE = 'application/merge-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';

export async function ask(token: string, { path, ...how }: Attempt): Promise<Answer> {
  const ca = readFileSync(lab().caPath, 'utf8');
  const { signal } = new AbortController();
  const { status, text, headers } = await call(`${lab().apiServerUrl}${path}`, {
    ...how,
    token,
    ca,
    signal,
  });
  const { message = '' } = JSON.parse(text) as { message?: string };
  return { status, message, level: headers['x-kubernetes-pf-prioritylevel-uid'] };
}

/** Nothing is changed, and only the server's word counts. */
export function dry({ path, ...how }: Attempt): Attempt {
  return { ...how, path: `${path}${path.includes('?') ? '&' : '?'}dryRun=All` };
}

/** The same by an administrator changes nothing and is allowed: so it is the right that is missing, not the words. */
export async function expectRefused(token: string, attempt: Attempt): Promise<Answer> {
  const allowed = await ask(lab().adminToken, dry(attempt));
  expect([200, 201, allowed.message]).toContain(allowed.status);
  const answer = await ask(token, attempt);
  expect(answer).toMatchObject({ status: 403 });
  return answer;
}

/** One change of a Node: a merge patch unless it says otherwise, of the Node itself unless of its status. */
export type Change = readonly [what: string, body: unknown, how?: How];
interface How {
  readonly at?: 'node' | 'status';
  readonly contentType?: string;
}

export const ON_STATUS = { at: 'status' } as const;
/** Lists are merged by their keys: a condition by its type. */
export const CONDITIONS = { at: 'status', contentType: STRATEGIC } as const;
export const JSON_ON_STATUS = { at: 'status', contentType: JSON_PATCH } as const;

export function onNode(
  name: string,
  body: unknown,
  { at = 'node', contentType = MERGE }: How = {},
): Attempt {
  const path = `/api/v1/nodes/${name}${at === 'status' ? '/status' : ''}`;
  return { method: 'PATCH', path, contentType, body };
}

export const inMetadata = (metadata: object) => ({ metadata });
export const annotations = (key: string, value = 'stolen') =>
  inMetadata({ annotations: { [key]: value } });
export const labels = (key: string, value = 'stolen') => inMetadata({ labels: { [key]: value } });

interface Condition {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}
export const condition = (type: string, over: Condition = {}) => ({
  type,
  status: 'Unknown',
  reason: 'Stolen',
  message: 'by a test',
  ...over,
});
export const report = (type: string, over: Condition = {}) => ({
  status: { conditions: [condition(type, over)] },
});
