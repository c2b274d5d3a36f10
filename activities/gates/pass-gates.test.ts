import { describe, expect, test } from '@jest/globals';
import { ANNOTATION, writeAttempts } from '../../domain/node-contract.ts';
import { evaluateGates, passGates } from './pass-gates.ts';
import { recorded, type FakeNode } from '../testing/fake-cluster.ts';
import { Stage } from '../testing/stage.ts';

const ASKED = { node: 'n1', pool: 'workers', skip: [], evenIfNotRequired: false };
const HELD = { [ANNOTATION.hold]: 'disk is being replaced' };
const HOLD = { gate: 'hold', because: 'held: disk is being replaced' } as const;
const LONG_AGO = { pool: 'workers', untilMs: Date.now() - 3 * 60_000 };
const idle = (heardAtMs = Date.now()) =>
  ({ wants: 'not-required', message: 'no sentinel', heardAtMs }) as const;

const onStage = (facts: Partial<FakeNode> = {}, pool: object = {}) => {
  const stage = new Stage(pool);
  stage.nodes.add('n1', facts);
  const { nodes, temporal } = stage;
  return {
    stage,
    nodes,
    temporal,
    look: (over: object = {}) => stage.run(evaluateGates, { ...ASKED, ...over }),
    pass: (over: object = {}) => stage.run(passGates, { ...ASKED, known: [], ...over }),
  };
};

describe('evaluateGates', () => {
  test.each<{
    name: string;
    node?: Partial<FakeNode>;
    pool?: object;
    asked?: object;
    expected: object;
  }>([
    { name: 'finds every gate open', expected: { kind: 'open' } },
    {
      name: 'gives every closed gate with its reason and when it is looked at again',
      node: { annotations: HELD },
      pool: { windows: [] },
      expected: {
        kind: 'closed',
        closed: [HOLD, { gate: 'window', because: 'its pool has no window' }],
        pollAgainMs: 300_000,
      },
    },
    {
      name: 'finds nothing to do, though other gates are closed too',
      node: { report: idle(), annotations: HELD },
      expected: { kind: 'nothing-to-do', because: 'no sentinel' },
    },
  ])('$name', async ({ node, pool, asked, expected }) => {
    expect(await onStage(node, pool).look(asked)).toMatchObject(expected);
  });

  test.each([
    { name: 'a pool that is in the policy no more', asked: { pool: 'former' } },
    { name: 'another that is left too long ago to be a mistake', asked: { before: LONG_AGO } },
  ])('says where the node is now, when the rollout is of $name', async ({ asked }) => {
    const { look } = onStage();
    expect(await look({ pool: 'masters', ...asked })).toEqual({
      kind: 'moved',
      pool: 'workers',
      because: `it is in pool workers now, and no longer in ${asked.pool ?? 'masters'}`,
      policy: 'policy-1',
    });
  });

  test('goes not back and forth while one worker has the new policy and another the old one', async () => {
    const { look } = onStage();
    const before = { pool: 'workers', untilMs: Date.now() - 60_000 };
    await expect(look({ pool: 'masters', before })).rejects.toMatchObject({
      type: 'gate-closed',
      nonRetryable: false,
      message:
        'pool: the policies of the workers differ: n1 is in masters by one and in workers by another',
    });
  });

  test('G8: waits and says so when the node is in no pool any more', async () => {
    const { look } = onStage({ labels: { pool: 'nobody' } });
    expect(await look({ skip: ['pool'] })).toMatchObject({
      kind: 'closed',
      closed: [{ gate: 'pool', because: 'its labels match the selector of no pool' }],
    });
  });

  test('says that the node is gone where there is none', async () => {
    const { look, nodes } = onStage();
    nodes.remove('n1');
    expect(await look()).toEqual({ kind: 'gone', because: 'its Node object was deleted' });
  });

  test('follows one policy to the end, and names it, when the file changes meanwhile', async () => {
    const { look, stage } = onStage();
    stage.changePolicyInMidStep({ windows: [] }, 'policy-2');
    expect(await look()).toMatchObject({ kind: 'open', policy: 'policy-1' });
    expect(await look()).toMatchObject({ kind: 'closed', policy: 'policy-2' });
  });

  test('G6: keeps off a node another rollout has while that runs, and then has it finished first', async () => {
    const { look, temporal } = onStage({ annotations: recorded({ workflowId: 'by-hand' }) });
    temporal.running.add('by-hand');
    expect(await look()).toMatchObject({
      closed: [{ gate: 'owner', because: 'another rollout has the node: by-hand' }],
    });
    temporal.running.clear();
    expect(await look()).toMatchObject({ kind: 'left-behind' });
  });

  test('G6: has a node finished first that an attempt of its own run took when it had been given up', async () => {
    const { look } = onStage({ annotations: recorded(), unschedulable: true });
    expect(await look()).toMatchObject({ kind: 'left-behind' });
  });
});

describe('passGates', () => {
  test('answers when other gates are closed than was known, and logs why', async () => {
    const { pass, stage } = onStage({ annotations: HELD });
    expect(await pass({ known: [{ ...HOLD, because: 'held: for another reason' }] })).toMatchObject(
      { kind: 'closed', closed: [HOLD] },
    );
    expect(stage.logged).toEqual(['node waits']);
  });

  test('G8: while nothing changes it says why it waits, and looks again after the pause', async () => {
    const { pass, stage } = onStage({ annotations: HELD });
    const failure = await pass({ known: [HOLD] }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      type: 'gate-closed',
      message: 'hold: held: disk is being replaced',
      category: 'BENIGN',
      nonRetryable: false,
    });
    const { nextRetryDelay } = failure as { nextRetryDelay: number };
    expect(nextRetryDelay).toBeGreaterThanOrEqual(54_000);
    expect(nextRetryDelay).toBeLessThanOrEqual(66_000);
    expect(stage.logged).toEqual([]);
  });

  test.each<{ name: string; node: Partial<FakeNode>; words: RegExp }>([
    {
      name: 'another reason',
      node: { annotations: HELD },
      words: /^hold: held: disk .*; it has changed so often/,
    },
    {
      name: 'that they are open',
      node: {},
      words: /^it may go on; it has changed so often that it is heard again only after 20/,
    },
  ])('keeps $name to itself while there has been too much news', async ({ node, words }) => {
    const { pass } = onStage(node);
    const failure: unknown = await pass({ notBeforeMs: Date.now() + 60_000 }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ type: 'gate-closed', message: expect.stringMatching(words) });
    expect(Math.round((failure as { nextRetryDelay: number }).nextRetryDelay / 10_000)).toBe(6);
    expect(await pass({ notBeforeMs: Date.now() - 1 })).toMatchObject({
      kind: /hold/.test(String(words)) ? 'closed' : 'open',
    });
  });

  test('never that there is nothing left to do', async () => {
    const { pass } = onStage({ report: idle() });
    expect(await pass({ notBeforeMs: Date.now() + 60_000 })).toMatchObject({
      kind: 'nothing-to-do',
    });
  });

  test('looks less often the longer nothing changes', async () => {
    const stage = new Stage({}, { attempt: 7 });
    stage.nodes.add('n1', { annotations: HELD });
    const failure = await stage
      .run(passGates, { ...ASKED, known: [HOLD] })
      .catch((error: unknown) => error);
    const { nextRetryDelay } = failure as { nextRetryDelay: number };
    expect(nextRetryDelay).toBeGreaterThanOrEqual(270_000);
    expect(nextRetryDelay).toBeLessThanOrEqual(330_000);
  });

  test('answers when what was closed has opened', async () => {
    expect(await onStage().pass({ known: [HOLD] })).toMatchObject({ kind: 'open' });
  });
});

/** A held node that the watch shows too; how often it was tried, and how often the node was read. */
const onWatch = async (attempt: number) => {
  const stage = new Stage({}, { attempt });
  stage.nodes.add('n1', { annotations: HELD });
  const shown = await stage.nodes.read('n1');
  if (shown) stage.shown.set('n1', shown);
  let reads = 0;
  const read = stage.nodes.read.bind(stage.nodes);
  stage.nodes.read = async (name) => {
    reads += 1;
    return await read(name);
  };
  const pass = () => stage.run(passGates, { ...ASKED, known: [HOLD] });
  return { stage, pass, reads: () => reads };
};

describe('a look that was tried before', () => {
  test('asks nobody while the watch shows that the node only waits on', async () => {
    const { pass, reads } = await onWatch(2);
    await expect(pass()).rejects.toMatchObject({ type: 'gate-closed' });
    expect(reads()).toBe(0);
  });

  test('reads the node where the watch does not show it', async () => {
    const { stage, pass, reads } = await onWatch(2);
    stage.shown.clear();
    await expect(pass()).rejects.toMatchObject({ type: 'gate-closed' });
    expect(reads()).toBe(1);
  });

  test('G2: answers nothing by the watch alone: it reads the node first', async () => {
    const { stage, pass } = await onWatch(2);
    const open = await stage.nodes.add('n2').read('n2');
    if (open) stage.shown.set('n1', open);
    await expect(pass()).rejects.toMatchObject({ type: 'gate-closed' });
    stage.nodes.change('n1', { annotations: {} });
    expect(await pass()).toMatchObject({ kind: 'open' });
  });

  test('is the first after something was said: it reads the node', async () => {
    const { stage, pass } = await onWatch(1);
    stage.nodes.change('n1', { annotations: {} });
    expect(await pass()).toMatchObject({ kind: 'open' });
  });
});

describe('what decides when it is the turn of a node whose gates are open', () => {
  const HEARD = Date.now();
  const DAY = 24 * 60 * 60_000;
  const wants = { wants: 'required', message: '', heardAtMs: HEARD } as const;

  test.each<{ name: string; node?: Partial<FakeNode>; pool?: object; expected: object }>([
    {
      name: 'its zone, and when it will have waited too long',
      node: { labels: { pool: 'workers', 'topology.kubernetes.io/zone': 'a' } },
      pool: { overdueAfter: '2d' },
      expected: { zone: 'a', overdueAtMs: HEARD + 2 * DAY },
    },
    {
      name: 'fourteen days where the policy says nothing',
      expected: { overdueAtMs: HEARD + 14 * DAY },
    },
  ])('$name', async ({ node, pool, expected }) => {
    const { look } = onStage({ report: wants, ...node }, pool);
    expect(await look()).toEqual({ kind: 'open', policy: 'policy-1', ...expected });
  });

  test('nothing where nobody knows since when it waits', async () => {
    const { look } = onStage({ report: undefined });
    expect(await look({ skip: ['required', 'agent'] })).toEqual({
      kind: 'open',
      policy: 'policy-1',
    });
  });
});

const tried = (lastAtMs: number) => ({
  [ANNOTATION.attempts]:
    writeAttempts({ reboots: [], failed: { count: 1, lastAtMs, because: 'no answer' } }) ?? '',
});

describe('the rest after failed tries', () => {
  test.each([
    { agoMinutes: 4, pool: { retry: { pause: '5m' } }, kind: 'closed' },
    { agoMinutes: 6, pool: { retry: { pause: '5m' } }, kind: 'open' },
    { agoMinutes: 9, pool: {}, kind: 'closed' },
    { agoMinutes: 11, pool: {}, kind: 'open' },
  ])('lasts as long as the policy in force says: $agoMinutes, $kind', async (given) => {
    const annotations = tried(Date.now() - given.agoMinutes * 60_000);
    expect(await onStage({ annotations }, given.pool).look()).toMatchObject({ kind: given.kind });
  });
});
