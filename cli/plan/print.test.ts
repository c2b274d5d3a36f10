import { describe, expect, test } from '@jest/globals';
import { zoneClock } from '../../domain/window/wall-clock.ts';
import { printed } from '../paint.ts';
import { printPlan, type Told, type ToldPool } from './print.ts';

const at = (time: string): number => Date.parse(`2026-12-${time}Z`);
const UNKNOWN = `
Not known beforehand: alerts and other gates still to come, how long pods take
to leave, what fails; and in which order those ask whose gates open at the same
moment.
`;

const POOL: ToldPool = {
  pool: 'workers',
  clock: zoneClock('Europe/Zurich'),
  length: { ms: 12 * 60_000, by: 'the median of the last 20' },
  needed: { ms: 15 * 60_000, by: 'as nine of ten of the last did at most' },
  nodes: [],
};
const print = (pool: Partial<ToldPool>, more: Partial<Told> = {}): string =>
  printed(
    printPlan({ atMs: at('08T20:00'), pools: [{ ...POOL, ...pool }], inNoPool: [], ...more }, 80),
    false,
  );

describe('a forecast is printed', () => {
  test('as a table of each pool that fits 80 columns, in the zone of the pool', () => {
    const closesMs = at('09T03:00');
    const text = print({
      nodes: [
        {
          kind: 'under-way',
          node: 'worker-1',
          place: 1,
          phase: 'draining',
          beginsMs: at('08T22:50:12'),
          endsMs: at('08T23:02:12'),
          because: 'pod shop/web-1: disruption budget web',
          inTime: true,
        },
        {
          kind: 'foretold',
          node: 'worker-2',
          place: 2,
          beginsMs: at('08T23:02:12'),
          endsMs: at('08T23:14:12'),
          closesMs,
          inTime: true,
        },
        {
          kind: 'foretold',
          node: 'worker-3',
          place: 3,
          beginsMs: at('08T23:14:12'),
          endsMs: at('08T23:26:12'),
          inTime: true,
        },
        { kind: 'not-foretold', node: 'worker-9', because: 'hold: held: mine', inTime: false },
      ],
    });
    expect(text)
      .toBe(`pool workers: 3 of 4 rebooted by Wed 2026-12-09 00:27, 1 not; each is reckoned
with 12m (the median of the last 20); times in Europe/Zurich
#  NODE      BEGINS                ENDS                  WINDOW/WHY
1  worker-1  Tue 2026-12-08 23:50  Wed 2026-12-09 00:03  under way: draining; pod
                                                         shop/web-1: disruption
                                                         budget web
2  worker-2  Wed 2026-12-09 00:02  00:15                 closes 04:00
3  worker-3  Wed 2026-12-09 00:14  00:27                 open
-  worker-9  -                     -                     hold: held: mine
${UNKNOWN}`);
  });

  test('with what comes too late, and why not in an earlier opening', () => {
    const text = print({
      untilMs: at('09T05:00'),
      nodes: [
        {
          kind: 'foretold',
          node: 'worker-2',
          place: 1,
          beginsMs: at('09T21:00'),
          endsMs: at('09T21:12'),
          because: 'closed until Wed 2026-12-09 22:00 Europe/Zurich',
          inTime: false,
        },
      ],
    });
    expect(text).toContain('0 of 1 rebooted, 1 not before Wed 2026-12-09 06:00; ');
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      '22:12 not by Wed 2026-12-09 06:00; open; closed until Wed 2026-12-09 22:00 Europe/Zurich',
    );
  });

  test('for a pool in which nothing is to be done', () => {
    expect(print({})).toBe('pool workers: no node wants a reboot\n');
  });

  test('with the nodes that are in no pool', () => {
    const inNoPool = [{ node: 'n7', because: 'its labels match the selector of no pool' }];
    expect(print({}, { inNoPool })).toBe(
      'pool workers: no node wants a reboot\n\nwanting a reboot and left alone:\n  n7  its labels match the selector of no pool\n',
    );
  });
});
