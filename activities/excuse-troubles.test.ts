import { describe, expect, test } from '@jest/globals';
import { ANNOTATION, writeExcused, writeAttempts } from '../domain/node-contract.ts';
import { excuseTroubles } from './excuse-troubles.ts';
import { Stage } from './testing/stage.ts';

const NOW = Date.now();
const WORD = { pool: 'workers', by: 'ana', reason: 'a bad switch', atMs: NOW };
const troubledAt = (atMs: number): Record<string, string> => ({
  [ANNOTATION.attempts]:
    writeAttempts({ reboots: [], trouble: { because: 'no answer', atMs } }) ?? '',
});

const onStage = () => {
  const stage = new Stage();
  const { nodes } = stage;
  nodes.add('n1').add('n2', { annotations: troubledAt(NOW - 1_000) });
  nodes.add('m1', { labels: { pool: 'masters' }, annotations: troubledAt(NOW - 1_000) });
  const excused = () =>
    [...nodes.nodes].flatMap(([name, { annotations }]) =>
      annotations[ANNOTATION.excused] === undefined
        ? []
        : [`${name} ${annotations[ANNOTATION.excused]}`],
    );
  const excuse = (over: Partial<typeof WORD> = {}) =>
    stage.run(excuseTroubles, { ...WORD, ...over });
  return { stage, nodes, excused, excuse };
};

describe('G5: excuseTroubles', () => {
  test('writes on the troubled nodes of the pool, and on no others, up to when', async () => {
    const { excuse, excused, stage } = onStage();
    expect(await excuse()).toEqual(['n2']);
    expect(excused()).toEqual([`n2 ${writeExcused(NOW)}`]);
    expect(stage.logged).toEqual(['trouble excused']);
  });

  test('repeating it changes nothing', async () => {
    const { excuse, nodes } = onStage();
    await excuse();
    // As after an attempt whose answer was lost.
    expect(await excuse()).toEqual(['n2']);
    expect(nodes.updates).toHaveLength(1);
  });

  test('does not excuse what came after the word', async () => {
    const { excuse, excused } = onStage();
    await excuse({ atMs: NOW - 2_000 });
    expect(excused()).toEqual([]);
  });

  test('excuses what has come since an earlier excuse', async () => {
    const { excuse, excused, nodes } = onStage();
    const earlier = { [ANNOTATION.excused]: writeExcused(NOW - 2_000) };
    nodes.change('n2', { annotations: { ...troubledAt(NOW - 1_000), ...earlier } });
    await excuse();
    expect(excused()).toEqual([`n2 ${writeExcused(NOW)}`]);
  });

  test('is tried again where the node has just changed', async () => {
    const { excuse, excused, nodes } = onStage();
    nodes.meanwhile.push(() => nodes.change('n2', { unschedulable: true }));
    await expect(excuse()).rejects.toMatchObject({ type: 'kube-unavailable', nonRetryable: false });
    await excuse();
    expect(excused()).toHaveLength(1);
  });

  test('passes over a node that is gone', async () => {
    const { excuse, nodes } = onStage();
    nodes.meanwhile.push(() => nodes.remove('n2'));
    expect(await excuse()).toEqual([]);
  });

  test('waits for a pool that is in the policy no more', async () => {
    await expect(onStage().excuse({ pool: 'former' })).rejects.toMatchObject({
      type: 'no-room',
      nonRetryable: false,
      message: 'pool former is not in the policy',
    });
  });
});
