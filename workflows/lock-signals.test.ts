import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readRelease, readRequest, readTrouble } from './lock-signals.ts';

const NOW = 1_000;
const NOTHING = [undefined, null, 0, 7, '', 'n1', true, [], ['n1'], {}];
const asked = {
  workflowId: 'node-rollout/n1',
  runId: '00000000-0000-4000-8000-000000000001',
  node: 'n1',
};

describe('a request', () => {
  test.each<{ name: string; sent: object; expected: object }>([
    { name: 'names rollout, run and node', sent: asked, expected: asked },
    {
      name: 'may say all that decides when it is its turn',
      sent: { ...asked, holding: true, zone: 'a', overdueAtMs: 9, last: true, anew: true },
      expected: { ...asked, holding: true, zone: 'a', overdueAtMs: 9, last: true, anew: true },
    },
    {
      name: 'holds nothing by anything but true',
      sent: { ...asked, holding: 'yes', last: 1 },
      expected: asked,
    },
    {
      name: 'is taken without what cannot be read',
      sent: { ...asked, zone: 7, overdueAtMs: 'soon', more: 1 },
      expected: asked,
    },
    { name: 'has no zone of an empty name', sent: { ...asked, zone: '' }, expected: asked },
  ])('$name', ({ sent, expected }) => {
    expect(readRequest(sent)).toEqual(expected);
  });

  test.each([
    ...NOTHING,
    { ...asked, workflowId: undefined },
    { ...asked, runId: '' },
    { ...asked, node: 7 },
  ])('that names nobody is none: %j', (sent) => {
    expect(readRequest(sent)).toBeUndefined();
  });
});

describe('a release', () => {
  test.each<{ name: string; sent: object; expected: object }>([
    { name: 'of a person names a node', sent: { node: 'n1' }, expected: { node: 'n1' } },
    {
      name: 'of a rollout names its permit, and what came of it',
      sent: { workflowId: 'w', grantId: 'g', trouble: 'no answer', fine: true },
      expected: { workflowId: 'w', grantId: 'g', trouble: 'no answer', fine: true },
    },
    {
      name: 'may say how long the node was out',
      sent: { workflowId: 'w', fine: true, tookMs: 5 },
      expected: { workflowId: 'w', fine: true, tookMs: 5 },
    },
    ...[0, -5, '5', null, 8 * 24 * 60 * 60_000].map((tookMs) => ({
      name: `says nothing by a length of ${tookMs}`,
      sent: { workflowId: 'w', fine: true, tookMs },
      expected: { workflowId: 'w', fine: true },
    })),
    {
      name: 'is taken without what cannot be read',
      sent: { workflowId: 'w', node: 7, trouble: '', fine: 'yes', grantId: null },
      expected: { workflowId: 'w' },
    },
  ])('$name', ({ sent, expected }) => {
    expect(readRelease(sent)).toEqual(expected);
  });

  test.each([...NOTHING, { grantId: 'g' }, { node: '' }, { workflowId: 1 }])(
    'that names nobody is none: %j',
    (sent) => {
      expect(readRelease(sent)).toBeUndefined();
    },
  );
});

describe('trouble', () => {
  test('names a node and a reason, and is dated here', () => {
    expect(readTrouble({ node: 'n1', because: 'it is lost', sinceMs: 7 }, NOW)).toEqual({
      node: 'n1',
      because: 'it is lost',
      sinceMs: NOW,
    });
  });

  test.each([...NOTHING, { node: 'n1' }, { because: 'x' }, { node: 'n1', because: '' }])(
    'that says neither is none: %j',
    (sent) => {
      expect(readTrouble(sent, NOW)).toBeUndefined();
    },
  );
});

test('none of them throws, whatever is sent, and each answers in plain JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (sent) => {
      for (const read of [readRequest(sent), readRelease(sent), readTrouble(sent, NOW)]) {
        if (read !== undefined) expect(JSON.parse(JSON.stringify(read))).toEqual(read);
      }
    }),
  );
});

test('words of any length are taken, cut to what a lock can carry along', () => {
  const long = 'x'.repeat(5_000);
  expect(readRelease({ node: 'n1', trouble: long })?.trouble).toBe('x'.repeat(500));
  expect(readTrouble({ node: 'n1', because: long }, 7)?.because).toBe('x'.repeat(500));
});
