import { describe, expect, test } from '@jest/globals';
import { aNode } from './a-node.fixture.ts';
import type { HeardReport } from './node-contract.ts';
import type { NodeFacts } from './node-facts.ts';
import { quarantineReason } from './quarantine.ts';

const report = (part: Partial<HeardReport>): HeardReport => ({
  wants: 'required',
  message: 'libc6',
  heardAtMs: 9_000,
  ...part,
});
const quarantine = (bootId: string): NonNullable<NodeFacts['quarantine']> => ({
  ok: true,
  value: { bootId, because: 'its sentinel survived the reboot', atMs: 0 },
});

describe('a node is not rebooted in a circle', () => {
  test.each<{ name: string; node: Partial<NodeFacts>; expected: string | undefined }>([
    { name: 'without a past', node: { report: report({ sinceMs: 1 }) }, expected: undefined },
    {
      name: 'when its quarantine is of this boot',
      node: { quarantine: quarantine('boot-1') },
      expected: 'its sentinel survived the reboot',
    },
    {
      name: 'when its quarantine is of an earlier boot',
      node: { quarantine: quarantine('boot-0') },
      expected: undefined,
    },
    {
      name: 'when its quarantine cannot be read',
      node: { quarantine: { ok: false, because: 'it is not JSON' } },
      expected: 'the quarantine annotation cannot be read: it is not JSON',
    },
    {
      name: 'when it has asked since before its reboot, which its agent could say only late',
      node: { attempts: { reboots: [1, 5_000] }, report: report({ sinceMs: 4_999 }) },
      expected:
        'its sentinel survived the reboot of 1970-01-01T00:00:05.000Z: it has been there since 1970-01-01T00:00:04.999Z; the node is rebooted again once it has been gone',
    },
    {
      name: 'when it asks anew',
      node: { attempts: { reboots: [5_000] }, report: report({ sinceMs: 5_000 }) },
      expected: undefined,
    },
    {
      name: 'when nobody knows since when it asks',
      node: { attempts: { reboots: [5_000] }, report: report({}) },
      expected: undefined,
    },
    {
      name: 'when it asks for nothing',
      node: {
        attempts: { reboots: [5_000] },
        report: report({ wants: 'not-required', sinceMs: 1 }),
      },
      expected: undefined,
    },
  ])('$name', ({ node, expected }) => {
    expect(quarantineReason(aNode(node))).toBe(expected);
  });
});
