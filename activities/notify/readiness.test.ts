import { expect, test } from '@jest/globals';
import { Policy } from '../../domain/policy.ts';
import type { Receiver } from '../../domain/notifications/receivers.ts';
import { secretsOf } from '../secrets.ts';
import { whyNotReady } from './readiness.ts';

const VALUES = { A: 'https://example.org/T0PS3CRET', B: 'T0PS3CRET', C: 'ntfy://h/T0PS3CRET' };
const SECRETS = secretsOf(VALUES, ['/nowhere']);

const ready = async (written: object): Promise<string | undefined> => {
  const { notifications } = Policy.parse({
    pools: [{ name: 'workers', nodes: 'pool=workers' }],
    notifications: [written],
  });
  return await whyNotReady(notifications[0] as Receiver, SECRETS);
};

test.each([
  [{ slack: '${A}' }, undefined],
  [{ url: '${C}' }, undefined],
  [{ slack: '${GONE}' }, 'the worker has no environment variable GONE'],
  [{ slack: { file: '/nowhere/slack' } }, '/nowhere/slack cannot be read (ENOENT)'],
  [{ webhook: { url: '${A}', secret: '${GONE}' } }, 'the worker has no environment variable GONE'],
  [{ url: '${B}' }, 'its address cannot be used: it is not an address'],
])('%j is ready, or says why not: %s', async (written, because) => {
  expect(await ready(written)).toBe(because);
});
