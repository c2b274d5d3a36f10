import { describe, expect, test } from '@jest/globals';
import type { RolloutStatus } from './status.ts';
import { whyItWaits, type Pending } from './why-it-waits.ts';

const aStatus = (more: Partial<RolloutStatus> = {}): RolloutStatus => ({
  node: 'worker-1',
  pool: 'workers',
  phase: { at: 'waiting', sinceMs: 0 },
  waitingFor: [],
  skipped: [],
  notUnderstood: [],
  ...more,
});

describe('whyItWaits', () => {
  test.each<{ name: string; status: RolloutStatus; pending?: Pending[]; expected: string }>([
    { name: 'is empty when nothing holds it up', status: aStatus(), expected: '' },
    {
      name: 'names every closed gate',
      status: aStatus({
        waitingFor: [
          { gate: 'hold', because: 'held: disk swap', sinceMs: 0, lookAgainMs: 1 },
          { gate: 'window', because: 'its pool has no window', sinceMs: 0, lookAgainMs: 1 },
        ],
      }),
      expected: 'hold: held: disk swap; window: its pool has no window',
    },
    {
      name: 'says behind whom it queues',
      status: aStatus({ queue: { place: 2, behind: ['worker-1'] } }),
      expected: 'number 2 in the queue, behind worker-1',
    },
    {
      name: "puts a person's word first",
      status: aStatus({
        paused: { by: 'anna', reason: 'lunch', atMs: 0 },
        queue: { place: 1, behind: [] },
      }),
      expected: 'paused by anna: lunch',
    },
    {
      name: 'tells the last failure of what is tried again',
      status: aStatus(),
      pending: [{ failure: 'the API server is away' }],
      expected: 'the API server is away',
    },
    {
      name: 'names the pods a drain waits for',
      status: aStatus(),
      pending: [
        {
          heartbeat: {
            blockers: [{ what: 'shop/web-1', because: 'its budget web allows 0', sinceMs: 1_000 }],
          },
        },
      ],
      expected: 'shop/web-1: its budget web allows 0',
    },
    {
      name: 'tells what a return waits for',
      status: aStatus(),
      pending: [{ heartbeat: { because: 'its boot id has not changed' } }],
      expected: 'its boot id has not changed',
    },
  ])('$name', ({ status, pending = [], expected }) =>
    expect(whyItWaits(status, pending)).toBe(expected),
  );
});
