import { describe, expect, test } from '@jest/globals';
import type { Notice } from '../../domain/notifications/events.ts';
import { sayHalted } from '../../domain/turn.ts';
import { Stage } from '../testing/stage.ts';
import type { PoolNews } from '../watch-pool.ts';
import {
  afterCordon,
  afterOrder,
  afterRestore,
  afterReturn,
  afterUndo,
  tell,
  told,
  toldOfPool,
} from './told.ts';

const OF = { node: 'n1', pool: 'workers' };
const RECORD = {
  workflowId: 'node-rollout/n1',
  runId: 'run-1',
  cordonedByUs: true,
  bootIdBefore: 'boot-1',
  phase: 'draining',
};
const UNDO = { ...OF, record: RECORD, because: 'the window closed', failed: false };
const RESTORE = { ...OF, record: RECORD, stillRequired: false };
const ORDER = { bootId: 'boot-1', rollout: 'node-rollout/n1/run-1', expiresAtMs: 1 };

test.each([
  ['a cordon', afterCordon(OF)({ kind: 'cordoned', record: RECORD, atMs: 1 }), 'draining'],
  ['a closed gate', afterCordon(OF)({ kind: 'closed', because: 'x' }), undefined],
  ['an order', afterOrder(OF)({ kind: 'ordered', order: ORDER, orderedAtMs: 1 }), 'rebooting'],
  ['pods in the way', afterOrder(OF)({ kind: 'not-empty', because: 'x' }), undefined],
  ['a late node', afterReturn(OF)({ kind: 'late', because: 'x' }), 'lost'],
  ['a return', afterReturn(OF)({ kind: 'returned', bootId: 'b', stillRequired: false }), undefined],
  ['a refusal, which is undone', afterReturn(OF)({ kind: 'refused', because: 'x' }), undefined],
  ['a node that is handed back', afterRestore(RESTORE)({ kind: 'restored' }), 'returned'],
  ['a quarantine', afterRestore(RESTORE)({ kind: 'quarantined' }), 'failed'],
  ['a node that is away again', afterRestore(RESTORE)({ kind: 'not-back' }), undefined],
  ['a node that is gone', afterRestore(RESTORE)({ kind: 'gone' }), undefined],
  ['a gate that closed meanwhile', afterUndo(UNDO)({ kind: 'undone' }), 'undone'],
  ['a failure', afterUndo({ ...UNDO, failed: true })({ kind: 'undone' }), 'failed'],
  [
    'an abort, which is no failure',
    afterUndo({ ...UNDO, failed: true, because: 'aborted: not today' })({ kind: 'undone' }),
    'undone',
  ],
  ['an undo that came too late', afterUndo(UNDO)({ kind: 'too-late' }), undefined],
] as const)('after %s people are told what it means', (_, said, event) => {
  expect(said?.event).toBe(event);
  if (said) expect(said).toMatchObject(OF);
});

test('a node that was cordoned before is said to stay so', () => {
  const record = { ...RECORD, cordonedByUs: false };
  const said = afterRestore({ ...RESTORE, record })({ kind: 'restored' });
  expect(said?.because).toBe('it was cordoned before, and stays so');
});

const noticesOf = async (stage: Stage): Promise<readonly Notice[]> => {
  const answer = await stage.environment.run(() =>
    told(stage.deps, Promise.resolve('done'), () => ({ event: 'draining', ...OF })),
  );
  expect(answer).toBe('done');
  return stage.notices.told;
};

describe('the notice of an activity', () => {
  test('names the rollout, and is the same however often the activity is tried', async () => {
    const [first] = await noticesOf(new Stage());
    const [second] = await noticesOf(new Stage({}, { attempt: 2 }));
    expect(first).toMatchObject({ event: 'draining', ...OF, rollout: 'node-rollout/n1' });
    expect(second?.id).toBe(first?.id);
  });

  test('is another in another run', async () => {
    const [first] = await noticesOf(new Stage());
    const [other] = await noticesOf(new Stage({}, { runId: 'run-2' }));
    expect(other?.id).not.toBe(first?.id);
  });

  test('is not there when the activity fails, or has nothing to say', async () => {
    const stage = new Stage();
    const failing = stage.environment.run(() =>
      told(stage.deps, Promise.reject(new Error('no')), () => ({ event: 'draining', ...OF })),
    );
    await expect(failing).rejects.toThrow('no');
    await stage.environment.run(() => told(stage.deps, Promise.resolve(1), () => undefined));
    expect(stage.notices.told).toEqual([]);
  });

  test('leaves out a pool that nobody knows', async () => {
    const stage = new Stage();
    await stage.environment.run(() =>
      tell(stage.deps, { event: 'lost', node: 'n1', pool: undefined }),
    );
    expect(stage.notices.told[0]).not.toHaveProperty('pool');
  });
});

describe('that a pool is halted', () => {
  const TROUBLES = [
    { node: 'n2', because: 'it is lost', sinceMs: 5 },
    { node: 'n1', because: 'it is lost', sinceMs: 4 },
  ];
  const halted = { kind: 'wait', because: sayHalted(TROUBLES) } as const;
  const toldAfter = async (turn: PoolNews['turn'], failureBudget = 2) => {
    const stage = new Stage({ failureBudget });
    const news = { ended: [], free: [], well: [], ...(turn ? { turn } : {}) };
    const asked = { pool: 'workers', line: [], holders: [], troubles: TROUBLES };
    const answer = await stage.environment.run(() =>
      toldOfPool(stage.deps, asked, Promise.resolve(news)),
    );
    expect(answer).toBe(news);
    return stage.notices.told;
  };

  test('is told with the nodes, under an id of theirs', async () => {
    expect(await toldAfter(halted)).toEqual([
      {
        id: 'workers/halted/n1@4,n2@5',
        event: 'halted',
        atMs: expect.any(Number),
        pool: 'workers',
        because: halted.because,
      },
    ]);
  });

  test('is not told while there is another reason, nor within its failure budget', async () => {
    expect(await toldAfter({ kind: 'wait', because: 'n3 is cordoned' })).toEqual([]);
    expect(await toldAfter({ kind: 'ended', workflowId: 'x' })).toEqual([]);
    expect(await toldAfter(undefined)).toEqual([]);
    expect(await toldAfter(halted, 3)).toEqual([]);
  });
});
