import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { z } from 'zod';
import { Policy } from '../policy.ts';
import { windows } from './window-schema.ts';
import { problemsIn } from './written.fixture.ts';

const TIME = 'write a time like "22:00" or "22:00:30"';
const DATE = 'write a day that exists, like 2026-12-05';
const ZONE = 'write an IANA time zone such as Europe/Zurich, or UTC';
const CALENDAR = 'write the path of an .ics file, or an address that begins with https://';
const DURATION = 'write a duration like 90s, 30m, 1h30m or 14d';

describe('G9: a window is refused with its path and its rule:', () => {
  test.each<[name: string, window: unknown, expected: string[]]>([
    [
      'a rule without anything else',
      { rrule: 'FREQ=DAILY' },
      [
        ': a window by rrule needs start, such as start: "22:00"',
        ': a window by rrule needs for, such as for: 4h',
      ],
    ],
    [
      'keys that do not go together',
      { always: true, start: '08:00', timeZone: 'UTC' },
      [
        '.start: start does not go with always: leave it out',
        '.timeZone: timeZone does not go with always: leave it out',
      ],
    ],
    [
      'no day',
      { days: [], start: '08:00', end: '09:00' },
      ['.days: write days like [mon, tue, wed, thu, fri, sat, sun]'],
    ],
    [
      'a time after the end of the day',
      { days: ['mon'], start: '08:00', end: '24:01' },
      [`.end: ${TIME}, or "24:00"`],
    ],
    [
      'a length of nothing',
      { cron: '0 22 * * *', for: '0s' },
      ['.for: write a duration of at least 1s'],
    ],
    [
      'no text',
      { cron: 5, for: '1h' },
      ['.cron: write a cron of five fields, such as "0 22 * * 2#2"'],
    ],
    ['a calendar nowhere', { calendar: ' ' }, [`.calendar: ${CALENDAR}`]],
    ['a calendar at no address', { calendar: 'https://' }, [`.calendar: ${CALENDAR}`]],
    [
      'everything that is wrong, at once',
      { days: ['mo'], start: '25:00', for: '1', timeZone: 'Mars' },
      [
        '.days[0]: write days like [mon, tue, wed, thu, fri, sat, sun]',
        `.start: ${TIME}`,
        `.for: ${DURATION}`,
        `.timeZone: ${ZONE}`,
        ': a window by days needs end, such as end: "04:00"',
        '.for: for does not go with days: leave it out',
      ],
    ],
  ])('%s', (_, window, expected) => {
    const path = 'windows[1]';
    expect(problemsIn({ windows: [{ always: true }, window] })).toEqual(
      expected.map((text) => `${path}${text}`),
    );
  });
});

describe('G9: a recurrence rule is refused', () => {
  const FREQ =
    'write FREQ=DAILY, WEEKLY, MONTHLY or YEARLY; the time of day is not part of the rule';
  const UNTIL = 'write UNTIL like 20271231 or 20271231T220000Z';
  const from = ': write from: with the first day, like 2026-12-05';
  test.each<[rrule: string, expected: string]>([
    [
      '',
      'write only FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYSETPOS, BYDAY, WKST, not ""',
    ],
    ['BYDAY=MO', FREQ],
    ['FREQ=MONTHLY;BYMONTHDAY=40', 'write BYMONTHDAY from 1 to 31, or -1 to -31'],
    ['FREQ=MONTHLY;BYMONTHDAY=0', 'write BYMONTHDAY from 1 to 31, or -1 to -31'],
    ['FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=1', 'write BYMONTH from 1 to 12'],
    ['FREQ=YEARLY;BYYEARDAY=367', 'write BYYEARDAY from 1 to 366, or -1 to -366'],
    ['FREQ=YEARLY;BYWEEKNO=54;BYDAY=MO', 'write BYWEEKNO from 1 to 53, or -1 to -53'],
    ['FREQ=WEEKLY;BYDAY=MON', 'write BYDAY like MO, 2TU for the second or -1FR for the last'],
    ['FREQ=WEEKLY;BYDAY=MO;WKST=1', 'write WKST like MO'],
    ['FREQ=WEEKLY;BYDAY=MO;BYDAY=TU', 'write BYDAY only once'],
    ['FREQ=WEEKLY;BYDAY=MO=TU', 'write BYDAY like MO, 2TU for the second or -1FR for the last'],
    ['FREQ=DAILY;INTERVAL=0', 'write INTERVAL from 1 to 1000'],
    ['FREQ=DAILY;COUNT=100000', 'write COUNT from 1 to 1000'],
    ['FREQ=DAILY;UNTIL=soon', UNTIL],
    ['FREQ=DAILY;UNTIL=20270231', UNTIL],
    ['FREQ=DAILY;UNTIL=20270201T250000Z', UNTIL],
    ['FREQ=DAILY;COUNT=3;UNTIL=20270201', 'write COUNT or UNTIL, not both'],
    ['FREQ=WEEKLY;BYMONTHDAY=13', 'BYMONTHDAY does not go with FREQ=WEEKLY'],
    ['FREQ=MONTHLY;BYYEARDAY=1', 'BYYEARDAY goes only with FREQ=YEARLY'],
    ['FREQ=MONTHLY;BYWEEKNO=1;BYDAY=MO', 'BYWEEKNO goes only with FREQ=YEARLY'],
    ['FREQ=WEEKLY;BYDAY=1MO', 'a number in BYDAY goes only with FREQ=MONTHLY or YEARLY'],
    ['FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO', 'a number in BYDAY does not go with BYWEEKNO'],
    [
      'FREQ=YEARLY;BYDAY=1MO;BYMONTHDAY=1',
      'a number in BYDAY together with BYMONTHDAY needs BYMONTH',
    ],
    [
      'FREQ=MONTHLY;BYSETPOS=1',
      'BYSETPOS picks from other parts: write BYDAY or BYMONTHDAY or BYYEARDAY',
    ],
    [
      'FREQ=DAILY;BYHOUR=4',
      'write only FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYSETPOS, BYDAY, WKST, not "BYHOUR=4"',
    ],
    ['FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31', 'this rule never falls on a day: write one that exists'],
    ['FREQ=WEEKLY', `the rule names no day by BYDAY, BYMONTHDAY, BYYEARDAY${from}`],
    ['FREQ=DAILY;COUNT=2', `COUNT counts from a day${from}`],
  ])('%s', (rrule, expected) => {
    expect(problemsIn({ windows: [{ rrule, start: '20:00', for: '1h' }] })).toEqual([
      `windows[0].rrule: ${expected}`,
    ]);
  });

  test('but not for its first day when that is wrong itself', () => {
    const window = { rrule: 'FREQ=DAILY;COUNT=2', from: '2027-02-30', start: '20:00', for: '1h' };
    expect(problemsIn({ windows: [window] })).toEqual([`windows[0].from: ${DATE}`]);
  });
});

describe('G9: a freeze is refused with its path and its rule:', () => {
  const good = { from: '2026-12-18', to: '2027-01-04', because: 'year end' };
  test.each<[name: string, freeze: unknown, expected: string[]]>([
    [
      'a word',
      'x',
      ['freezes[0]: write a freeze like { from: 2026-12-18, to: 2027-01-04, because: year end }'],
    ],
    ['no reason', { ...good, because: ' ' }, ['freezes[0].because: write why']],
    ['a key that is not known', { ...good, until: 1 }, ['freezes[0]: Unrecognized key: "until"']],
    ['a zone that nobody knows', { ...good, timeZone: 'x' }, [`freezes[0].timeZone: ${ZONE}`]],
  ])('%s', (_, freeze, expected) => {
    expect(problemsIn({ freezes: [freeze] })).toEqual(expected);
  });
});

describe('what is good', () => {
  test.each<[name: string, window: object]>([
    ['a week by name of days', { days: ['sun', 'sat'], start: '00:00', end: '24:00' }],
    ['months by name', { cron: '0 22 * JAN,feb MON-FRI', for: '31d' }],
    [
      'a rule as calendars write it',
      { rrule: 'RRULE:FREQ=monthly;BYDAY=+1MO', start: '20:00', for: '3h' },
    ],
    [
      'a rule that rests on its first day',
      { rrule: 'FREQ=MONTHLY', from: '2026-12-31', start: '20:00', for: '3h' },
    ],
    ['29 February of a leap year', { dates: ['2028-02-29'], start: '20:00', for: '3h' }],
    ['dates that have passed', { dates: ['1999-12-31'], start: '20:00', for: '3h' }],
    ['a path', { calendar: '../calendars/plan 2027.ics', timeZone: 'Asia/Kathmandu' }],
    ['an address', { calendar: 'https://example.org/a.ics?token=b' }],
  ])('is taken: %s', (_, window) => {
    expect(problemsIn({ windows: [window] })).toEqual([]);
  });

  test('is known to editors by its JSON Schema, in expressions that Go knows too', () => {
    const schema = z.toJSONSchema(Policy, { io: 'input', target: 'draft-7' });
    const text = JSON.stringify(schema);
    expect(text).toContain('"oneOf":[{"required":["always"]},{"required":["days","start","end"]}');
    expect(text).not.toMatch(/"pattern":"[^"]*\(\?/);
  });
});

test('G9: whatever is written, it is taken or refused, and never breaks the reader', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('0 22 * * *', 'FREQ=DAILY', '22:00', '2026-12-05', '1h', 'UTC'),
  );
  const value = fc.oneof(
    text,
    fc.array(text, { maxLength: 2 }),
    fc.boolean(),
    fc.integer(),
    fc.constant(null),
  );
  const keys = [
    'always',
    'days',
    'cron',
    'rrule',
    'dates',
    'calendar',
    'start',
    'end',
    'for',
    'from',
    'timeZone',
  ];
  const window = fc.dictionary(fc.constantFrom(...keys), value);
  fc.assert(
    fc.property(fc.array(fc.oneof(window, fc.anything()), { maxLength: 3 }), (written) => {
      const { success, error } = windows.safeParse(written);
      expect(success || (error?.issues.length ?? 0) > 0).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
