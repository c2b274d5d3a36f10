import { describe, expect, test } from '@jest/globals';
import { labResult, type NodeEnd } from './result.ts';

const aNode = (more: Partial<NodeEnd> = {}): NodeEnd => ({
  name: 'worker-1',
  asked: true,
  bootIds: ['before', 'after'],
  ready: true,
  schedulable: true,
  schedulableBefore: true,
  rollout: { state: 'completed', outcome: 'rebooted', because: '' },
  seconds: 12,
  ...more,
});
const bystander = (more: Partial<NodeEnd> = {}): NodeEnd =>
  aNode({ name: 'worker-4', asked: false, bootIds: ['only'], rollout: { state: 'none' }, ...more });

describe('labResult', () => {
  test('prints exactly the agreed keys when all is well', () => {
    expect(labResult([aNode(), bystander({ seconds: 0 })], 40)).toEqual({
      ok: true,
      seconds: 40,
      nodes: [
        {
          name: 'worker-1',
          outcome: 'rebooted',
          bootIds: ['before', 'after'],
          schedulable: true,
          seconds: 12,
        },
        {
          name: 'worker-4',
          outcome: 'untouched',
          bootIds: ['only'],
          schedulable: true,
          seconds: 0,
        },
      ],
    });
  });

  test.each<{ name: string; node: NodeEnd; outcome: string; because: RegExp }>([
    {
      name: 'an asked node without a new boot id was not rebooted, whatever its rollout says',
      node: aNode({
        bootIds: ['before'],
        rollout: { state: 'completed', outcome: 'aborted', because: 'anna said so' },
      }),
      outcome: 'not-rebooted',
      because: /without a reboot \(aborted\): anna said so/,
    },
    {
      name: 'a second reboot is not a good one',
      node: aNode({ bootIds: ['a', 'b', 'c'] }),
      outcome: 'rebooted-again',
      because: /2 times/,
    },
    {
      name: 'a reboot nobody asked for is told of',
      node: bystander({ bootIds: ['a', 'b'] }),
      outcome: 'rebooted-unasked',
      because: /once and nobody asked/,
    },
    {
      name: 'a failed rollout counts even when the node came back',
      node: aNode({ rollout: { state: 'failed', because: 'drain-timed-out' } }),
      outcome: 'rollout-failed',
      because: /drain-timed-out/,
    },
    {
      name: 'a rollout under way says where it stands',
      node: aNode({ bootIds: ['a'], rollout: { state: 'running', standing: 'lost' } }),
      outcome: 'not-finished',
      because: /lost/,
    },
    {
      name: 'an asked node without a rollout says so',
      node: aNode({ bootIds: ['a'], rollout: { state: 'none' } }),
      outcome: 'not-rebooted',
      because: /no rollout/,
    },
    {
      name: 'a cordon left behind counts',
      node: aNode({ schedulable: false }),
      outcome: 'not-as-schedulable',
      because: /still cordoned/,
    },
    {
      name: 'a foreign cordon lifted counts',
      node: bystander({ schedulableBefore: false }),
      outcome: 'not-as-schedulable',
      because: /not any more/,
    },
    {
      name: 'a node that is not Ready counts, asked or not',
      node: bystander({ ready: false }),
      outcome: 'not-ready',
      because: /not Ready/,
    },
  ])('$name', ({ node, outcome, because }) => {
    const result = labResult([aNode(), node], 1);
    expect(result.ok).toBe(false);
    expect(result.nodes[1]).toMatchObject({ outcome });
    expect(result.nodes[1]?.because).toMatch(because);
  });
});

test('a guarantee broken on the way is not a good end, and is told', () => {
  const violations = ['G1 broken at noon: two nodes were out'];
  expect(labResult([aNode()], 40, violations)).toMatchObject({ ok: false, violations });
});
