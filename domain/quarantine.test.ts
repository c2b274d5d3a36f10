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
  test.each<[name: string, node: Partial<NodeFacts>, expected: string | undefined]>([
    ['without a past', { report: report({ sinceMs: 1 }) }, undefined],
    [
      'when its quarantine is of this boot',
      { quarantine: quarantine('boot-1') },
      'its sentinel survived the reboot',
    ],
    ['when its quarantine is of an earlier boot', { quarantine: quarantine('boot-0') }, undefined],
    [
      'when its quarantine cannot be read',
      { quarantine: { ok: false, because: 'it is not JSON' } },
      'the quarantine annotation cannot be read: it is not JSON',
    ],
    [
      'when it has asked since before its reboot, which its agent could say only late',
      { attempts: { reboots: [1, 5_000] }, report: report({ sinceMs: 4_999 }) },
      'its sentinel survived the reboot of 1970-01-01T00:00:05.000Z: it has been there since 1970-01-01T00:00:04.999Z; the node is rebooted again once it has been gone',
    ],
    [
      'when it asks anew',
      { attempts: { reboots: [5_000] }, report: report({ sinceMs: 5_000 }) },
      undefined,
    ],
    [
      'when nobody knows since when it asks',
      { attempts: { reboots: [5_000] }, report: report({}) },
      undefined,
    ],
    [
      'when it asks for nothing',
      {
        attempts: { reboots: [5_000] },
        report: report({ wants: 'not-required', sinceMs: 1 }),
      },
      undefined,
    ],
  ])('%s', (_, node, expected) => {
    expect(quarantineReason(aNode(node))).toBe(expected);
  });
});
