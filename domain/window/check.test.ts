import { describe, expect, test } from '@jest/globals';
import { Policy, problemsOf } from '../policy.ts';

const problems = (pool: object, policy: object = {}): string[] => {
  const workers = { name: 'workers', nodes: 'pool=workers', ...pool };
  const { error } = Policy.safeParse({ timeZone: 'Europe/Zurich', pools: [workers], ...policy });
  return error ? problemsOf(error) : [];
};
const windows = (...all: object[]): object => ({ windows: all });

const SHORT =
  'open for 30m, and a rollout of pool workers may take 55m: write a longer window, or an expectedLength';

describe('G9: a window in which no rollout could ever be done is refused:', () => {
  test.each<[name: string, pool: object, expected: string[]]>([
    [
      'by days',
      windows({ days: ['sat'], start: '23:45', end: '00:15' }),
      [`pools[0].windows[0]: ${SHORT}`],
    ],
    ['by cron', windows({ always: true }, { cron: '0 22 * * *', for: '30m' }), []],
    ['by cron', windows({ cron: '0 22 * * *', for: '30m' }), [`pools[0].windows[0]: ${SHORT}`]],
    [
      'by rule',
      windows({ rrule: 'FREQ=DAILY', start: '22:00', for: '30m' }),
      [`pools[0].windows[0]: ${SHORT}`],
    ],
    [
      'by dates',
      windows({ dates: ['2026-12-05'], start: '22:00', for: '30m' }),
      [`pools[0].windows[0]: ${SHORT}`],
    ],
    [
      'and only that one',
      windows({ cron: '0 22 * * *', for: '55m' }, { cron: '0 2 * * *', for: '4m' }),
      [`pools[0].windows[1]: ${SHORT.replace('30m', '4m')}`],
    ],
    [
      'but none that may prove long enough by the rollouts of a longer one',
      windows({ cron: '0 22 * * *', for: '55m' }, { cron: '0 2 * * *', for: '5m' }),
      [],
    ],
    [
      'by the timeouts of its pool',
      {
        ...windows({ cron: '0 22 * * *', for: '30m' }),
        drain: { delay: '1m', timeout: '10m' },
        reboot: { delay: '2m', orderExpires: '5m', returnWithin: '12m' },
      },
      [],
    ],
    [
      'by the length that is expected, which goes before the timeouts',
      { ...windows({ cron: '0 22 * * *', for: '30m' }), expectedLength: '30m' },
      [],
    ],
    [
      'by a longer length that is expected',
      { ...windows({ cron: '0 22 * * *', for: '1h' }), expectedLength: '1h1s' },
      [
        'pools[0].windows[0]: open for 1h, and a rollout of pool workers may take 1h 1s: write a longer window, or an expectedLength',
      ],
    ],
  ])('%s', (_, pool, expected) => {
    expect(problems(pool)).toEqual(expected);
  });

  test('unless others make it longer', () => {
    const evening = { cron: '30 23 * * *', for: '30m' };
    const morning = { days: ['mon'], start: '00:00', end: '00:30' };
    expect(problems(windows(evening, morning))).toEqual([]);
    expect(problems(windows(evening, { ...morning, start: '00:01' }))).toHaveLength(2);
  });

  test('where it stands for all pools', () => {
    expect(problems({}, windows({ cron: '0 22 * * *', for: '30m' }))).toEqual([
      `windows[0]: ${SHORT}`,
    ]);
  });

  test('but not a calendar, whose events are not known yet', () => {
    expect(problems(windows({ calendar: 'a.ics' }))).toEqual([]);
  });
});

const freeze = (from: string, to: string) => ({ freezes: [{ from, to, because: 'x' }] });

describe('G9: a freeze that ends before it begins is refused', () => {
  const RULE = 'write an end after the beginning; a day counts up to its end';
  test.each<[from: string, to: string, expected: string[]]>([
    ['2026-12-18', '2026-12-17', [RULE]],
    ['2026-12-18', '2026-12-18', []],
    ['2026-12-18T12:00', '2026-12-18', []],
    ['2026-12-18T12:00', '2026-12-18T12:00', [RULE]],
    ['2026-12-18', '2026-12-17T23:30Z', []],
    ['2026-12-18', '2026-12-17T22:30Z', [RULE]],
  ])('%s to %s', (from, to, expected) => {
    expect(problems({}, freeze(from, to))).toEqual(
      expected.map((rule) => `freezes[0].to: ${rule}`),
    );
    expect(problems(freeze(from, to))).toEqual(
      expected.map((rule) => `pools[0].freezes[0].to: ${rule}`),
    );
  });
});
