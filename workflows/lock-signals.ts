import { fieldsOf, only } from '../domain/fields.ts';
import type { PermitRequest, PermitRef, RolloutEnd } from '../domain/lock-state.ts';
import { present } from '../domain/present.ts';

/** What others send a lock, checked: a handler never throws, and what cannot be read changes nothing. */

export function readRequest(sent: unknown): PermitRequest | undefined {
  const { workflowId, runId, node, zone, overdueAtMs, last } = fieldsOf(sent);
  if (!isText(workflowId) || !isRunId(runId) || !isText(node)) return undefined;
  return {
    workflowId,
    runId,
    node,
    ...present({
      zone: only(isText, zone),
      overdueAtMs: typeof overdueAtMs === 'number' ? overdueAtMs : undefined,
      last: last === true || undefined,
    }),
  };
}

export function readPermitRef(sent: unknown): PermitRef | undefined {
  const { workflowId, grantId } = fieldsOf(sent);
  if (!isText(workflowId)) return undefined;
  return { workflowId, ...present({ grantId: only(isText, grantId) }) };
}

export function readEnd(sent: unknown): RolloutEnd | undefined {
  const { node, zone, tookMs } = fieldsOf(sent);
  if (!isText(node)) return undefined;
  return { node, ...present({ zone: only(isText, zone), tookMs: only(isLength, tookMs) }) };
}

/** Temporal takes ids of up to 1000 bytes; ours are far shorter. */
const isText = (field: unknown): field is string =>
  typeof field === 'string' && field !== '' && field.length <= 300;

/** The server refuses to signal anything else, and a lock that tries is stuck on that for ever. */
const isRunId = (field: unknown): field is string =>
  typeof field === 'string' &&
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(field);

/** What takes longer than a week says nothing of the next. */
const isLength = (field: unknown): field is number =>
  typeof field === 'number' && field > 0 && field <= 7 * 24 * 60 * 60_000;
