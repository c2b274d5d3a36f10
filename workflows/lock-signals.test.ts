import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readEnd, readPermitRef, readRequest } from './lock-signals.ts';

const NOTHING = [undefined, null, 0, 7, '', 'n1', true, [], ['n1'], {}];
const WEEK_MS = 7 * 24 * 60 * 60_000;
const asked = {
  workflowId: 'node-rollout/n1',
  runId: '00000000-0000-4000-8000-000000000001',
  node: 'n1',
};
const READERS = { request: readRequest, 'word about a permit': readPermitRef, end: readEnd };

test.each<{ what: keyof typeof READERS; name: string; sent: object; expected: object }>([
  { what: 'request', name: 'names rollout, run and node', sent: asked, expected: asked },
  {
    what: 'request',
    name: 'may say all that decides when it is its turn',
    sent: { ...asked, zone: 'a', overdueAtMs: 9, last: true },
    expected: { ...asked, zone: 'a', overdueAtMs: 9, last: true },
  },
  {
    what: 'request',
    name: 'is taken without what cannot be read',
    sent: { ...asked, zone: '', overdueAtMs: 'soon', last: 1, more: 1 },
    expected: asked,
  },
  {
    what: 'word about a permit',
    name: 'names a rollout and its grant',
    sent: { workflowId: 'w', grantId: 'g', more: 1 },
    expected: { workflowId: 'w', grantId: 'g' },
  },
  {
    what: 'word about a permit',
    name: 'may be about whatever the rollout has',
    sent: { workflowId: 'w', grantId: null },
    expected: { workflowId: 'w' },
  },
  {
    what: 'end',
    name: 'names a node, its zone and how long it was out',
    sent: { node: 'n1', zone: 'a', tookMs: WEEK_MS },
    expected: { node: 'n1', zone: 'a', tookMs: WEEK_MS },
  },
  ...[0, -5, '5', null, WEEK_MS + 1].map((tookMs) => ({
    what: 'end' as const,
    name: `says nothing by a length of ${tookMs}`,
    sent: { node: 'n1', zone: 7, tookMs },
    expected: { node: 'n1' },
  })),
])('a $what $name', ({ what, sent, expected }) => {
  expect(READERS[what](sent)).toEqual(expected);
});

describe('what names nobody is nothing:', () => {
  test.each([
    ...NOTHING.flatMap((sent) =>
      Object.keys(READERS).map((what) => ({ what: what as keyof typeof READERS, sent })),
    ),
    { what: 'request' as const, sent: { ...asked, workflowId: undefined } },
    // The server refuses to signal such a run, and a lock that tries is stuck on that for ever.
    { what: 'request' as const, sent: { ...asked, runId: 'run-1' } },
    { what: 'request' as const, sent: { ...asked, node: 7 } },
    { what: 'word about a permit' as const, sent: { grantId: 'g' } },
    { what: 'end' as const, sent: { node: 'x'.repeat(301) } },
  ])('no $what: $sent', ({ what, sent }) => {
    expect(READERS[what](sent)).toBeUndefined();
  });
});

test('none of them throws, whatever is sent, and each answers in plain JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (sent) => {
      for (const read of Object.values(READERS)) {
        const known = read(sent);
        if (known !== undefined) expect(JSON.parse(JSON.stringify(known))).toEqual(known);
      }
    }),
  );
});
