import type { RolloutStory } from '../story.ts';

/** Of all stories that are made up: 22:00 in Zurich. */
export const START = Date.parse('2026-11-30T21:00:00Z');

const MINUTE = 60_000;

/** A node that waits ten minutes, is drained, reboots and is back after thirty; with changes. */
export function aStory(changes: Partial<RolloutStory> & { because?: string } = {}): RolloutStory {
  const { because = 'alerts: 1 alert is active', beganMs = START, ...others } = changes;
  const at = (minute: number): number => beganMs + minute * MINUTE;
  const node = changes.node ?? 'worker-1';
  return {
    node,
    pool: 'workers',
    workflowId: `node-rollout/${node}`,
    runId: 'run-1',
    formerRunIds: [],
    by: 'fleet-scan',
    beganMs,
    endedMs: at(30),
    end: { how: 'rebooted', because: 'it rebooted and is back' },
    spans: [
      { phase: 'waiting', fromMs: at(0), toMs: at(7), because: [because] },
      { phase: 'queued', fromMs: at(7), toMs: at(10), because: ['number 1 of 1 in the queue'] },
      { phase: 'draining', fromMs: at(10), toMs: at(20), because: ['empty, 4 pods evicted'] },
      { phase: 'rebooting', fromMs: at(20), toMs: at(26), because: [] },
      { phase: 'settling', fromMs: at(26), toMs: at(30), because: ['handed back'] },
    ],
    outOfService: [{ fromMs: at(10), toMs: at(30) }],
    podsEvicted: 4,
    bootIdBefore: 'boot-1',
    bootIdAfter: 'boot-2',
    policies: ['p1'],
    happened: [{ atMs: beganMs, what: 'asked', says: 'asked for by fleet-scan' }],
    unread: [],
    ...others,
  };
}
