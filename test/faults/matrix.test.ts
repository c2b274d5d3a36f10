import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { nameOf, type Outcome } from './cell.ts';
import { FAULTS, type FaultName } from './faults.ts';
import { CELLS, cellsOf, FOR_ALL, FOR_ONE, PLACES } from './plan.ts';
import { progress, runTogether } from './run.ts';
import { MatrixScene } from './scene.ts';
import { STEPS } from './steps.ts';
import { matrixTable } from './table.ts';

const outcomes: Outcome[] = [];
let opened: MatrixScene | undefined;
const scene = (): MatrixScene => {
  if (!opened) throw new Error('the lab has not been started');
  return opened;
};

beforeAll(async () => {
  opened = await MatrixScene.open(PLACES);
}, 1_800_000);

afterAll(async () => {
  const table = matrixTable(outcomes);
  process.stderr.write(`\n${table}\n`);
  await mkdir('.lab', { recursive: true });
  await writeFile('.lab/kill-matrix.md', table);
  await opened?.close({ kept: outcomes.some(({ end }) => end === 'failed') });
});

describe.each(FOR_ALL.map((fault) => ({ fault })))('$fault', ({ fault }) => {
  beforeAll(async () => {
    const fromMs = Date.now();
    outcomes.push(...(await runTogether(scene(), fault, cellsOf(fault))));
    progress(`${fault}: over after ${((Date.now() - fromMs) / 1_000).toFixed(0)} s`);
  }, 900_000);
  expectAll([fault]);
});

describe('a rollout, its lock or its agent', () => {
  beforeAll(async () => {
    await Promise.all(
      PLACES.map(async (place) => {
        for (const fault of FOR_ONE) {
          const cells = cellsOf(fault).filter((cell) => cell.place === place);
          outcomes.push(...(await runTogether(scene(), fault, cells)));
        }
      }),
    );
  }, 1_800_000);
  expectAll(FOR_ONE);
});

function expectAll(faults: readonly FaultName[]): void {
  const cells = CELLS.filter(({ fault }) => faults.includes(fault));
  test.each(cells.map((cell) => ({ name: nameOf(cell), cell })))('G7: $name', ({ cell }) => {
    const found = outcomes.find((outcome) => nameOf(outcome) === nameOf(cell));
    expect(found).toMatchObject({ end: 'rebooted once', because: '' });
  });

  test(`G1, G2, G4, G6: nothing else was broken (${faults.join(', ')})`, async () => {
    await scene().lab.witness.assertClean();
  });
}

describe('the whole matrix', () => {
  test('has let every step meet every fault', () => {
    const met = new Set(outcomes.map(({ step, fault }) => `${step} × ${fault}`));
    expect(met.size).toBe(STEPS.length * FAULTS.length);
  });

  test('G4, G7: no node was rebooted once more after its cell was over', () => {
    const whole = PLACES.filter((place) =>
      outcomes.every((outcome) => outcome.place !== place || outcome.end === 'rebooted once'),
    );
    const boots = whole.map(({ node }) => [node, scene().lab.fleet.bootIds(node).length - 1]);
    const cells = whole.map((place) => [
      place.node,
      outcomes.filter((outcome) => outcome.place === place).length,
    ]);
    expect(boots).toEqual(cells);
  });
});
