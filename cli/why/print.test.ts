import { expect, test } from '@jest/globals';
import type { RolloutStatus } from '../../domain/status.ts';
import { printed } from '../paint.ts';
import { printWhy } from './print.ts';
import type { WhySeen } from './seen.ts';

const NOW = Date.parse('2026-12-04T12:00:00Z');
const MINUTE = 60_000;
const at = (minutes: number): number => NOW - minutes * MINUTE;

const why = (more: Partial<WhySeen>): string =>
  printed(
    printWhy(
      {
        atMs: NOW,
        node: 'n1',
        reasons: [],
        former: [],
        onNode: 'no cluster is configured',
        ...more,
      },
      80,
    ),
    false,
  );

const status: RolloutStatus = {
  node: 'n1',
  pool: 'workers',
  phase: { at: 'waiting', sinceMs: at(3), closed: [] },
  skipped: [],
  notUnderstood: [],
};

test('what is closed has its reason, since when, and who lifts it; the rest is open', () => {
  const rollout = {
    node: 'n1',
    startedMs: at(9),
    status,
    because: 'hold: a disk; window: tomorrow',
    lookedAtMs: at(1),
    againAtMs: NOW + 30_000,
  };
  const text = why({
    rollout,
    gates: [
      { gate: 'hold', state: 'closed', because: 'held: a disk', sinceMs: at(2) },
      { gate: 'alerts', state: 'skipped', because: 'by ann: known', sinceMs: at(1) },
      { gate: 'window', state: 'open' },
      { gate: 'jobs', state: 'open' },
    ],
  });
  expect(text).toBe(
    [
      'n1 waits for its gates, for 3m, in pool workers (looked at 1m ago, again in 30s)',
      '- hold: a disk',
      '- window: tomorrow',
      '',
      'GATE    STATE    FOR  WHY',
      'hold    closed   2m   held: a disk; lifted by its end, or lockkeeper',
      '                      release-hold, or lockkeeper skip n1 hold',
      'alerts  skipped  1m   by ann: known',
      'open: window, jobs',
      '',
      'the node itself: no cluster is configured',
      '',
      'no rollout of it has ended that Temporal still knows',
      '',
    ].join('\n'),
  );
});

test('without a rollout the latest scan says why there is none, and the node what it wants', () => {
  const report = {
    wants: 'required',
    message: 'linux-image',
    heardAtMs: at(2),
    seenAtMs: at(2),
  } as never;
  const text = why({
    leftAlone: 'its labels match the selector of no pool',
    scannedMs: at(1),
    onNode: { ready: true, unschedulable: true, bootId: 'b', report, hold: { reason: 'a disk' } },
    former: [
      {
        runId: 'r',
        startedMs: at(90),
        endedMs: at(80),
        outcome: 'rebooted',
        because: 'it rebooted and is back',
      },
    ],
  });
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    'no rollout of n1 is running the latest scan 1m ago has left it alone: its labels match the selector of no pool',
  );
  expect(text).toContain(
    'the node itself: Ready, cordoned; its agent says required (linux-image), 2m ago;',
  );
  expect(text).toContain('2026-12-04 10:40  rebooted  10m    it rebooted and is back');
  expect(why({ scannedMs: at(1) })).toContain('the latest scan 1m ago has found no reason for one');
  expect(why({})).toContain('no scan has ended lately');
});
