import { describe, expect, test } from '@jest/globals';
import { AGENT_HEARTBEAT_MS } from '../domain/node-contract.ts';
import type { RebootReport } from '../domain/node-contract.ts';
import { reportDueInMs } from './report.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const aReport = (over: Partial<RebootReport> = {}): RebootReport => ({
  wants: 'required',
  message: 'libc6',
  heardAtMs: NOW,
  ...over,
});
const due = (latest: RebootReport, sentAgoMs: number, random = 1) =>
  reportDueInMs(latest, { report: aReport(), atMs: NOW - sentAgoMs }, { nowMs: NOW, random });

describe('reportDueInMs', () => {
  test('sends the first report at once', () => {
    expect(reportDueInMs(aReport(), undefined, { nowMs: NOW, random: 1 })).toBe(0);
  });

  test.each([
    { name: 'a changed wish', latest: aReport({ wants: 'unknown' }) },
    { name: 'another reason', latest: aReport({ message: 'libc6, dbus' }) },
  ])('sends $name at once', ({ latest }) => {
    expect(due(latest, 1)).toBe(0);
  });

  test('sends the same again with the next heartbeat, and no later', () => {
    expect(due(aReport({ heardAtMs: NOW + 60_000 }), 60_000)).toBe(AGENT_HEARTBEAT_MS - 60_000);
    expect(due(aReport(), AGENT_HEARTBEAT_MS)).toBe(0);
  });

  test('spreads heartbeats over a tenth of their time', () => {
    expect(due(aReport(), 0, 0)).toBe(AGENT_HEARTBEAT_MS * 0.9);
  });
});
