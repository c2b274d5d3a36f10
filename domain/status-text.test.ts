import { describe, expect, test } from '@jest/globals';
import { describeLock, describeStatus } from './status-text.ts';
import type { LockStatus, Phase, RolloutStatus } from './status.ts';

const AT = Date.parse('2026-11-23T22:00:00Z');
const SINCE = 'since 2026-11-23 22:00 UTC';
const MINUTE = 60_000;
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
      name: 'names every reason, and since when where that is known and not said yet',
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
        { aborted: { ...word, atMs: AT + MINUTE } },
      ),
      lines: [
        `**n1 waits for the lock of its pool** ${SINCE}`,
        '',
        '- aborted by ana: release day (since 2026-11-23 22:01 UTC)',
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
        '',
        '- 2 pods are left, 7 evicted, as of 2026-11-23 22:00 UTC',
        `- shop/web-1: ${'x'.repeat(187)}…`,
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
        '',
        '- \\[click\\](http://x) \\<img\\> \\*\\*no\\*\\* a\\_b \\&amp; \\`c\\`',
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
        '',
        '- 1 pod is left, 7 evicted, as of 2026-11-23 22:00 UTC',
        ...['a', 'b', 'c', 'd', 'e'].map((what) => `- ${what}: it is terminating`),
        '- and 5 more',
      ],
    },
    {
      name: 'says by which window that a person has opened it goes on',
      status: aStatus({ at: 'rebooting' }, { window: 'open until noon by ann: x' }),
      lines: [`**n1 reboots** ${SINCE}`, '', '- gate **window**: open until noon by ann: x'],
    },
    {
      name: 'says what people have skipped, and what was not understood',
      status: aStatus(
        { at: 'rebooting' },
        { skipped: [{ ...word, gate: 'hold' }], notUnderstood: ['5 is not an object'] },
      ),
      lines: [
        `**n1 reboots** ${SINCE}`,
        '',
        '- gate **hold** skipped by ana: release day',
        '- signal not understood: 5 is not an object',
      ],
    },
  ])('$name', ({ status, lines }) => {
    expect(describeStatus(status).split('\n')).toEqual(lines);
  });
});

const aLock = (more: Partial<LockStatus>): LockStatus => ({
  pool: 'workers',
  permits: [],
  queue: [],
  troubles: [],
  lengths: [],
  notUnderstood: [],
  ...more,
});
const queue = [{ node: 'n3', sinceMs: AT }];
const permits = [{ node: 'n1', grantId: 'g', sinceMs: AT }];

describe('G8: a lock for people begins with why nobody is admitted', () => {
  test.each<{ name: string; status: LockStatus; lines: string[] }>([
    { name: 'nobody asks', status: aLock({}), lines: ['**nobody waits**'] },
    {
      name: 'there is no room',
      status: aLock({ queue, because: '1 of at most 1 out of service: n2 is cordoned' }),
      lines: [
        '**nobody is admitted**: 1 of at most 1 out of service: n2 is cordoned',
        '',
        '- in the queue: n3',
      ],
    },
    {
      name: 'a person has paused it, whatever else there is',
      status: aLock({
        queue,
        permits,
        because: 'no room',
        paused: word,
        troubles: [{ node: 'n7', because: 'lost', sinceMs: AT }],
        notUnderstood: ['older', 'newer'],
      }),
      lines: [
        `**paused by ana: release day** ${SINCE}`,
        '',
        '- in the queue: n3',
        '- permits not yet used: n1',
        '- trouble with n7: lost',
        '- signal not understood: newer',
        '- signal not understood: older',
      ],
    },
    {
      name: 'somebody is on its way',
      status: aLock({ permits }),
      lines: ['**somebody has a turn**', '', '- permits not yet used: n1'],
    },
    {
      name: 'it does not know yet',
      status: aLock({ queue }),
      lines: ['**the nodes of the pool are being counted**', '', '- in the queue: n3'],
    },
    {
      name: 'it is long, and then short',
      status: aLock({
        queue: ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'].map((node) => ({ node, sinceMs: AT })),
      }),
      lines: [
        '**the nodes of the pool are being counted**',
        '',
        '- in the queue: n1, n2, n3, n4, n5 and 2 more',
      ],
    },
  ])('$name', ({ status, lines }) => {
    expect(describeLock(status).split('\n')).toEqual(lines);
  });
});
