import { beforeEach, describe, expect, test } from '@jest/globals';
import { Registry } from '@prometheus-io/client';
import { Happenings } from './happenings.ts';

const NOW_MS = 1_800_000_000_000;

let registry: Registry;
let happened: Happenings;

beforeEach(() => {
  registry = new Registry();
  happened = new Happenings(registry, () => NOW_MS);
});

/** The series of one metric, as Prometheus reads them. */
async function series(name: string): Promise<string[]> {
  const lines = (await registry.metrics()).split('\n');
  return lines.filter((line) => new RegExp(`^${name}[ {]`).test(line));
}

test('what happened is counted by pool', async () => {
  happened.gatesClosed('workers', ['alerts', 'window']);
  happened.gatesClosed('workers', ['window']);
  happened.nodeReturned('workers', 'quarantined');
  happened.nodeUndone('workers', true);
  happened.evictionRefused('workers');
  expect(await series('lockkeeper_gates_closed_total')).toEqual([
    'lockkeeper_gates_closed_total{pool="workers",gate="alerts"} 1',
    'lockkeeper_gates_closed_total{pool="workers",gate="window"} 2',
  ]);
  expect(await series('lockkeeper_nodes_returned_total')).toEqual([
    'lockkeeper_nodes_returned_total{pool="workers",outcome="quarantined"} 1',
  ]);
  expect(await series('lockkeeper_nodes_undone_total')).toEqual([
    'lockkeeper_nodes_undone_total{pool="workers",failed="true"} 1',
  ]);
  expect(await series('lockkeeper_evictions_refused_total')).toEqual([
    'lockkeeper_evictions_refused_total{pool="workers"} 1',
  ]);
});

const DRAIN = 'lockkeeper_drain_duration_seconds';
const drained = (sinceMs: number | undefined) =>
  happened.ended('drain', { pool: 'workers', outcome: 'timed-out', sinceMs });

describe('a duration', () => {
  test('is in seconds, in buckets from seconds to hours', async () => {
    drained(NOW_MS - 90_000);
    const buckets = await series(`${DRAIN}_bucket`);
    const of = buckets.filter((line) => line.includes('timed-out'));
    const bounds = of.map((line) => /le="(.+?)"/.exec(line)?.[1]);
    expect([bounds[0], bounds.at(-2), bounds.at(-1)]).toEqual(['10', '14400', '+Inf']);
    expect(of.find((line) => line.includes('le="60"'))).toMatch(/ 0$/);
    expect(of.find((line) => line.includes('le="120"'))).toMatch(/ 1$/);
    expect(await series(`${DRAIN}_sum`)).toContain(
      `${DRAIN}_sum{pool="workers",outcome="timed-out"} 90`,
    );
  });

  test.each([undefined, 0])('of which nobody knows the beginning is not counted: %s', (sinceMs) => {
    drained(sinceMs);
    happened.turnTaken('workers', sinceMs);
    return expect(registry.metrics()).resolves.not.toContain('pool=');
  });

  test('is never negative, though another clock says when it began', async () => {
    drained(NOW_MS + 3_000);
    expect(await series(`${DRAIN}_sum`)).toContain(
      `${DRAIN}_sum{pool="workers",outcome="timed-out"} 0`,
    );
  });

  test('of a queue has buckets up to days', async () => {
    happened.turnTaken('workers', NOW_MS - 40 * 3_600_000);
    const buckets = await series('lockkeeper_queue_wait_seconds_bucket');
    expect(buckets.find((line) => line.includes('le="86400"'))).toMatch(/ 0$/);
    expect(buckets.find((line) => line.includes('le="172800"'))).toMatch(/ 1$/);
  });
});

test('a pool costs some 60 series, however many nodes it has', async () => {
  happened.begin('workers');
  happened.begin('workers');
  const lines = (await registry.metrics()).split('\n').filter((line) => line.includes('pool='));
  expect(lines.length).toBeGreaterThan(40);
  expect(lines.length).toBeLessThan(70);
  expect(lines.every((line) => line.endsWith(' 0'))).toBe(true);
});
