import { describe, expect, test } from '@jest/globals';
import { describeStatus } from './status-text.ts';
import type { Phase, RolloutStatus } from './status.ts';

const AT = Date.parse('2026-11-23T22:00:00Z');
const SINCE = 'since 2026-11-23T22:00:00.000Z';
const aStatus = (phase: Phase, more: Partial<RolloutStatus> = {}): RolloutStatus => ({
  node: 'n1',
  pool: 'workers',
  phase: { ...phase, sinceMs: AT },
  skipped: [],
  notUnderstood: [],
  ...more,
});

const word = { reason: 'release day', by: 'ana', atMs: AT };
const drain = { podsLeft: 2, evicted: 7, warnings: [], atMs: AT };
const blocker = (what: string, because = 'it is terminating') => ({ what, because, sinceMs: AT });

describe('G8: the status for people', () => {
  test.each<{ name: string; status: RolloutStatus; lines: string[] }>([
    {
      name: 'begins with the phase and since when',
      status: aStatus({ at: 'starting' }),
      lines: [`**looking at n1** ${SINCE}`],
    },
    {
      name: 'names every reason, and since when where that is known',
      status: aStatus(
        {
          at: 'queued',
          place: {
            kind: 'waiting',
            place: 2,
            of: 2,
            behind: ['n7'],
            why: 'wait',
            because: 'no room',
          },
        },
        { aborted: word },
      ),
      lines: [
        `**n1 waits for the lock of its pool** ${SINCE}`,
        `- aborted by ana: release day (${SINCE})`,
        '- number 2 of 2 in the queue, behind n7: no room',
      ],
    },
    {
      name: 'says how the drain stands, and keeps words short',
      status: aStatus({
        at: 'draining',
        drain: { ...drain, blockers: [blocker('shop/web-1', 'x'.repeat(999))] },
      }),
      lines: [
        `**draining n1** ${SINCE}`,
        '- 2 pods are left, 7 evicted, as of 2026-11-23T22:00:00.000Z',
        `- shop/web-1: ${'x'.repeat(287)}… (${SINCE})`,
      ],
    },
    {
      name: 'shows words of others as words',
      status: aStatus(
        { at: 'lost', because: '[click](http://x) <img> **no** a_b &amp; `c`' },
        { notUnderstood: ['![](http://x/y.png)'] },
      ),
      lines: [
        `**n1 has not come back in time** ${SINCE}`,
        '- \\[click\\](http://x) \\<img\\> \\*\\*no\\*\\* a\\_b \\&amp; \\`c\\` '.concat(
          `(${SINCE})`,
        ),
        '- signal not understood: \\!\\[\\](http://x/y.png)',
      ],
    },
    {
      name: 'does not list a whole node',
      status: aStatus({
        at: 'paused',
        drain: {
          ...drain,
          podsLeft: 1,
          blockers: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((what) => blocker(what)),
        },
      }),
      lines: [
        `**n1 is paused** ${SINCE}`,
        '- 1 pod is left, 7 evicted, as of 2026-11-23T22:00:00.000Z',
        ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
          (what) => `- ${what}: it is terminating (${SINCE})`,
        ),
        '- and 2 more',
      ],
    },
    {
      name: 'says by which window that a person has opened it goes on',
      status: aStatus({ at: 'rebooting' }, { window: 'open until noon by ann: x' }),
      lines: [`**n1 reboots** ${SINCE}`, '- gate **window**: open until noon by ann: x'],
    },
    {
      name: 'says what people have skipped, and what was not understood',
      status: aStatus(
        { at: 'rebooting' },
        { skipped: [{ ...word, gate: 'hold' }], notUnderstood: ['5 is not an object'] },
      ),
      lines: [
        `**n1 reboots** ${SINCE}`,
        '- gate **hold** skipped by ana: release day',
        '- signal not understood: 5 is not an object',
      ],
    },
  ])('$name', ({ status, lines }) => {
    expect(describeStatus(status).split('\n')).toEqual(lines);
  });
});
