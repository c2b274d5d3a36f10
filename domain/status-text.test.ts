import { describe, expect, test } from '@jest/globals';
import { describeStatus } from './status-text.ts';
import type { RolloutStatus } from './status.ts';

const AT = Date.parse('2026-11-23T22:00:00Z');

const aStatus = (over: Partial<RolloutStatus> = {}): RolloutStatus => ({
  node: 'n1',
  pool: 'workers',
  phase: { at: 'waiting', sinceMs: AT },
  waitingFor: [],
  skipped: [],
  notUnderstood: [],
  ...over,
});

const HEAD = '**n1 waits for its gates** since 2026-11-23T22:00:00.000Z';
const word = { reason: 'release day', by: 'ana', atMs: AT };

describe('G8: the status for people', () => {
  test.each<{ name: string; status: RolloutStatus; lines: string[] }>([
    { name: 'begins with the phase and since when', status: aStatus(), lines: [] },
    {
      name: 'gives the reason of what is unusual',
      status: aStatus({ because: 'the agent refused' }),
      lines: ['the agent refused'],
    },
    {
      name: 'names every closed gate, why and since when',
      status: aStatus({
        waitingFor: [
          { gate: 'hold', because: 'held: x', sinceMs: AT, lookAgainMs: 60_000 },
          { gate: 'agent', because: 'silent', sinceMs: AT, lookAgainMs: 60_000 },
        ],
      }),
      lines: [
        '- gate **hold** is closed: held: x (since 2026-11-23T22:00:00.000Z)',
        '- gate **agent** is closed: silent (since 2026-11-23T22:00:00.000Z)',
      ],
    },
    {
      name: 'says behind whom it waits',
      status: aStatus({ queue: { place: 2, behind: ['n7', 'n8'] } }),
      lines: ['- place 2 in the queue, behind n7, n8'],
    },
    {
      name: 'does not list a whole fleet',
      status: aStatus({ queue: { place: 8, behind: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] } }),
      lines: ['- place 8 in the queue, behind a, b, c, d, e and 2 more'],
    },
    {
      name: 'waits behind nobody when it is the first',
      status: aStatus({ queue: { place: 1, behind: [] } }),
      lines: ['- place 1 in the queue'],
    },
    {
      name: 'says how the drain stands, and what blocks it since when',
      status: aStatus({
        drain: {
          podsLeft: 2,
          evicted: 7,
          warnings: [],
          atMs: AT,
          blockers: [
            { what: 'shop/web-1', because: 'budget web: 3 of 3 must stay', sinceMs: AT },
            { what: 'shop/web-2', because: 'x'.repeat(999), sinceMs: AT },
          ],
        },
      }),
      lines: [
        '- 2 pods are left, 7 evicted, as of 2026-11-23T22:00:00.000Z',
        '- waits for **shop/web-1**: budget web: 3 of 3 must stay (since 2026-11-23T22:00:00.000Z)',
        `- waits for **shop/web-2**: ${'x'.repeat(300)} (since 2026-11-23T22:00:00.000Z)`,
      ],
    },
    {
      name: 'does not list a whole node, and says first why nothing can be seen',
      status: aStatus({
        drain: {
          podsLeft: 1,
          evicted: 0,
          warnings: [],
          atMs: AT,
          trouble: { what: 'API server', because: 'it is away', sinceMs: AT },
          blockers: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((what) => ({
            what,
            because: 'it is terminating',
            sinceMs: AT,
          })),
        },
      }),
      lines: [
        '- 1 pod is left, 0 evicted, as of 2026-11-23T22:00:00.000Z',
        '- waits for **API server**: it is away (since 2026-11-23T22:00:00.000Z)',
        ...['a', 'b', 'c', 'd', 'e'].map(
          (what) => `- waits for **${what}**: it is terminating (since 2026-11-23T22:00:00.000Z)`,
        ),
        '- and 2 more',
      ],
    },
    {
      name: 'says what people have said',
      status: aStatus({
        paused: word,
        aborted: word,
        skipped: [{ ...word, gate: 'hold' }],
        notUnderstood: ['5 is not an object'],
      }),
      lines: [
        '- paused by ana: release day',
        '- aborted by ana: release day',
        '- gate **hold** skipped by ana: release day',
        '- signal not understood: 5 is not an object',
      ],
    },
  ])('$name', ({ status, lines }) => {
    expect(describeStatus(status).split('\n')).toEqual([HEAD, ...lines]);
  });
});
