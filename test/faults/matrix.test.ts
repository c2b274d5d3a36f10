import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runColumn, type Outcome } from './column.ts';
import { FAULTS, momentsOf } from './faults.ts';
import { MatrixScene, type Place } from './scene.ts';
import { STEPS, WRITES, type StepName } from './steps.ts';
import { matrixTable } from './table.ts';

/** As many rollouts as a step that writes has moments to be struck at. */
const MOST_MOMENTS = 3;
const SECOND_NODES: ReadonlySet<StepName> = new Set<StepName>(['2 lock', '3 check again']);
const PLACES = makePlaces();

const outcomes: Outcome[] = [];
let scene: MatrixScene;

beforeAll(async () => {
  scene = await MatrixScene.open([...PLACES.values()].flat());
}, 1_800_000);

afterAll(async () => {
  const table = matrixTable(outcomes);
  process.stderr.write(`\n${table}\n`);
  await mkdir('.lab', { recursive: true });
  await writeFile('.lab/kill-matrix.md', table);
  await scene.close({ kept: outcomes.some(({ end }) => end === 'failed') });
});

describe.each(FAULTS.map((fault) => ({ fault })))('$fault', ({ fault }) => {
  beforeAll(async () => {
    outcomes.push(...(await runColumn(scene, fault, placeOf)));
  }, 900_000);

  const cells = STEPS.flatMap((step) => momentsOf(step, fault).map((moment) => ({ step, moment })));

  test.each(cells.map((cell) => ({ ...cell, when: cell.moment ? ` (${cell.moment})` : '' })))(
    `G7: $step × ${fault}$when`,
    ({ step, moment }) => {
      const found = outcomes.find(
        (one) => one.step === step && one.fault === fault && one.moment === moment,
      );
      expect(found).toMatchObject({ end: 'rebooted once', because: '' });
    },
  );

  test(`G1, G2, G4, G6: nothing else was broken × ${fault}`, async () => {
    await scene.lab.witness.assertClean();
  });
});

test('every step has met every fault', () => {
  const met = new Set(outcomes.map(({ step, fault }) => `${step} × ${fault}`));
  expect(met.size).toBe(STEPS.length * FAULTS.length);
});

function placeOf(step: StepName, index: number): Place {
  const place = PLACES.get(step)?.[index];
  if (!place) throw new Error(`there is no place for ${step}, moment ${index + 1}`);
  return place;
}

/** A pool for every rollout; those that are held at the lock have a second node. */
function makePlaces(): Map<StepName, Place[]> {
  let nodes = 0;
  const next = (): string => `worker-${(nodes += 1)}`;
  return new Map(
    STEPS.map((step) => [
      step,
      Array.from({ length: WRITES.has(step) ? MOST_MOMENTS : 1 }, (_, index) => ({
        pool: `step-${step.replaceAll(' ', '-')}-${index + 1}`,
        node: next(),
        ...(SECOND_NODES.has(step) ? { partner: next() } : {}),
      })),
    ]),
  );
}
