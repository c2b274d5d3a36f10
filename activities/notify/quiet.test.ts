import { expect, test } from '@jest/globals';
import type { QuietPool } from '../../domain/quiet.ts';
import { Stage } from '../testing/stage.ts';
import { notifyQuiet } from './quiet.ts';
import type { Remembered } from './overdue.ts';

const DAY = 24 * 60 * 60_000;
const START = 1_000 * DAY;
const AFTER = { quietAfter: '30d' };

const aStage = (pool: object = AFTER): Stage => {
  const stage = new Stage(pool);
  stage.notices.wants.add('quiet');
  return stage;
};

/** A scan on the day that finds the pool quiet since then; undefined: not quiet. */
const scan = async (
  stage: Stage,
  { day, since }: { day: number; since: number | undefined },
  before: Remembered = [],
): Promise<Remembered> => {
  const forMs = (day - (since ?? day)) * DAY;
  const quiet: QuietPool = { pool: 'workers', forMs, because: 'x', afterMs: 30 * DAY };
  const at = { before, atMs: START + day * DAY };
  return await notifyQuiet(stage.deps, since === undefined ? [] : [quiet], at);
};
const idsOf = ({ notices }: Stage): string[] => notices.sent.map(({ id }) => id);

test('a quiet pool is told of with what its agents say, and once', async () => {
  const stage = aStage();
  const told = await scan(stage, { day: 31, since: 0 });
  expect(await scan(stage, { day: 32, since: 0 }, told)).toEqual(told);
  expect(stage.notices.sent).toEqual([
    {
      id: `pool:workers/quiet/${START}/1`,
      event: 'quiet',
      pool: 'workers',
      because: 'x',
      sinceMs: START,
      atMs: START + 31 * DAY,
    },
  ]);
});

test('a quiet pool is told of again after as long', async () => {
  const stage = aStage();
  let told: Remembered = [];
  for (let day = 31; day < 100; day += 1) told = await scan(stage, { day, since: 0 }, told);
  expect(idsOf(stage)).toEqual([1, 2, 3].map((times) => `pool:workers/quiet/${START}/${times}`));
  expect(told).toHaveLength(1);
});

test('a scan that is made twice, and one whose memory was lost, tell the same notice', async () => {
  const stage = aStage();
  await scan(stage, { day: 31, since: 0 });
  await scan(stage, { day: 31.001, since: 0 });
  expect(new Set(idsOf(stage)).size).toBe(1);
});

test('a pool that asks and loses the node that did is not told of anew', async () => {
  const stage = aStage();
  const told = await scan(stage, { day: 31, since: 0 });
  const meanwhile = await scan(stage, { day: 32, since: undefined }, told);
  await scan(stage, { day: 33, since: 0 }, meanwhile);
  expect(idsOf(stage)).toHaveLength(1);
});

test('it is told of later, when nobody wants to hear of it now', async () => {
  const stage = aStage();
  stage.notices.wants.clear();
  const before = await scan(stage, { day: 31, since: 0 });
  expect(before).toEqual([]);
  stage.notices.wants.add('quiet');
  await scan(stage, { day: 32, since: 0 }, before);
  expect(stage.notices.sent).toHaveLength(1);
});

test.each<{ name: string; stage: Stage; id: string }>([
  {
    name: 'a pool that is not to be told of any more',
    stage: aStage({ quietAfter: 'never' }),
    id: 'pool:workers',
  },
  { name: 'a pool that has left the policy', stage: aStage(), id: 'pool:gpu' },
  { name: 'the waits of a node', stage: aStage(), id: 'workers' },
])('nothing is remembered of $name', async ({ stage, id }) => {
  const before = [`${id}/quiet/${START}/${START + 31 * DAY}`];
  expect(await scan(stage, { day: 32, since: undefined }, before)).toEqual([]);
});

test('what a clock that was ahead has told is kept once, however often it is scanned', async () => {
  const stage = aStage();
  const ahead = START + 90 * DAY;
  const ofNode = [`workers/overdue/${START}/${ahead}`];
  const ofPool = [`pool:workers/quiet/${START}/${ahead}`];
  let before = [...ofNode, ...ofPool, ...ofPool];
  for (const day of [31, 32, 33]) {
    // As a scan does: the waits of the nodes are remembered beside it.
    before = [...ofNode, ...(await scan(stage, { day, since: 0 }, before))];
  }
  expect(before).toEqual([...ofNode, ...ofPool]);
});
