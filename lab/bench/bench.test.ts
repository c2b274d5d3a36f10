import { availableParallelism } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { parseBenchArgs } from './args.ts';
import { mostResident, rowsOf, tableOf, within, type Measured } from './table.ts';
import { parseUsage, usageOf } from './usage.ts';

const ROLLUP = `00400000-7ffd9c6f1000 ---p 00000000 00:00 0 [rollup]
Rss:               50736 kB
Pss:               14000 kB
Shared_Clean:      40144 kB
Private_Clean:        68 kB
Private_Dirty:     10524 kB
`;
const THREADS = ['400000000 5 6\n', '50000000 1 2\n'];

describe('what the kernel says of a process', () => {
  test('is read, all threads together', () => {
    expect(parseUsage(ROLLUP, THREADS)).toEqual({
      residentKb: 50_736,
      privateKb: 10_592,
      cpuMs: 450,
    });
  });

  test('is not made up where it is missing', () => {
    expect(() => parseUsage('Rss: 1 kB\n', THREADS)).toThrow('does not say Private_Dirty');
  });

  test('is read of this very process', async () => {
    const { residentKb, privateKb, cpuMs } = await usageOf(process.pid);
    expect(residentKb).toBeGreaterThan(20_000);
    expect(privateKb).toBeLessThan(residentKb);
    // Threads that have ended meanwhile are not among those that are asked.
    expect(cpuMs).toBeGreaterThan(0);
    expect(cpuMs).toBeLessThan(performance.now() * availableParallelism());
  });
});

const agent = (part: Partial<Measured>): Measured => ({
  residentKb: 50 * 1_024,
  mostResidentKb: 60 * 1_024,
  privateKb: 12 * 1_024,
  cpuMs: 100,
  requests: 2,
  ...part,
});
const group = (agents: readonly Measured[]) => ({ name: '', agents, lookedAtMs: 6 * 60_000 });

describe('the table of a bench', () => {
  test('has the largest agent, and the hour extrapolated from the mean', () => {
    const rows = rowsOf(group([agent({}), agent({ residentKb: 1, cpuMs: 300, requests: 3 })]));
    expect(rows.map(({ measured }) => measured)).toEqual([50, 12, 2, 25]);
    expect(rows.every(within)).toBe(true);
  });

  test.each([
    { what: 'resident', part: { residentKb: 50 * 1_024 + 1 } },
    { what: 'private', part: { privateKb: 12 * 1_024 + 1 } },
    { what: 'processor time', part: { cpuMs: 361 } },
    { what: 'requests', part: { requests: 3 } },
  ])('says when a budget is exceeded: $what', ({ what, part }) => {
    const rows = rowsOf(group([agent(part)]));
    expect(rows.filter((row) => !within(row)).map((row) => row.what)).toEqual([
      expect.stringContaining(what),
    ]);
    expect(tableOf(rows).match(/\*\*exceeded\*\*/g)).toHaveLength(1);
  });

  test('knows the most that was resident at any look', () => {
    expect(mostResident(group([agent({}), agent({ mostResidentKb: 1 })]))).toBe(60);
  });
});

describe('the options', () => {
  test('have defaults', () => {
    expect(parseBenchArgs([])).toEqual({ kind: 'run', args: { minutes: 10, agents: 4 } });
  });

  test('are read', () => {
    const argv = ['--minutes', '2', '--agents=1', '--compare=--jitless --lite-mode'];
    const args = { minutes: 2, agents: 1, compare: ['--jitless', '--lite-mode'] };
    expect(parseBenchArgs(argv)).toEqual({ kind: 'run', args });
  });

  test.each([['--minutes', '0'], ['--agents', 'x'], ['--what'], ['agent']])(
    'are refused: %s %s',
    (...argv) => {
      expect(parseBenchArgs(argv.filter(Boolean))).toMatchObject({ kind: 'wrong' });
    },
  );
});
