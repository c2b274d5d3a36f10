import { describe, expect, test } from '@jest/globals';
import { policyWarnings } from './policy-warnings.ts';
import { pathOf, Policy } from './policy.ts';
import { parseCalendar } from './window/calendar.ts';
import type { CalendarCopy } from './window/plan.ts';

const NOW = Date.parse('2026-12-04T12:00:00Z');

const calendarOf = (day: string): CalendarCopy => {
  const text = ['BEGIN:VCALENDAR', 'BEGIN:VEVENT', `DTSTART;VALUE=DATE:${day}`, 'END:VEVENT'];
  const calendar = parseCalendar([...text, 'END:VCALENDAR'].join('\r\n'));
  if ('problems' in calendar) throw new Error(calendar.problems.join('; '));
  return { calendar };
};
const CALENDARS = new Map([
  ['2026.ics', calendarOf('20261201')],
  ['2027.ics', calendarOf('20270301')],
]);

const warnings = (policy: object): string[] =>
  policyWarnings(Policy.parse(policy), { nowMs: NOW, calendars: CALENDARS }).map(
    ({ path, message }) => `${pathOf(path)}: ${message}`,
  );

const pool = (name: string, over: object = {}): object => ({
  name,
  nodes: `pool=${name}`,
  windows: [{ always: true }],
  ...over,
});
const dates = (...days: string[]): object => ({ dates: days, start: '08:00', for: '4h' });
const freeze = { from: '2026-01-01', to: '2037-01-01', because: 'a decade off' };

describe('a policy is taken without a word', () => {
  test.each<[string, object]>([
    ['with windows left out on purpose', { pools: [pool('a', { windows: [] })] }],
    [
      'with a date to come',
      { pools: [pool('a', { windows: [dates('2026-12-01', '2026-12-05')] })] },
    ],
    ['with an event to come', { pools: [pool('a', { windows: [{ calendar: '2027.ics' }] })] }],
    [
      'with a calendar that was not read',
      { pools: [pool('a', { windows: [{ calendar: 'https://calendar.invalid/a.ics' }] })] },
    ],
    ['with a freeze that ends', { freezes: [{ ...freeze, to: '2027-01-01' }], pools: [pool('a')] }],
  ])('%s', (_, policy) => {
    expect(warnings(policy)).toEqual([]);
  });
});

describe('a policy is warned of', () => {
  test.each<[string, object, string[]]>([
    [
      'whose selector no node can match',
      { pools: [pool('a', { nodes: 'pool=a,pool=b' })] },
      ['pools[0].nodes: no node can ever match this selector'],
    ],
    [
      'whose pool has no windows, and does not say so',
      { pools: [pool('a', { windows: undefined })] },
      [
        'pools[0]: nodes of pool a are never taken out: it has no windows; write windows: [] if that is meant',
      ],
    ],
    [
      'with windows that are over, beside one that is not',
      {
        pools: [
          pool('a', {
            windows: [
              { always: true },
              dates('2026-12-03'),
              { rrule: 'FREQ=DAILY;UNTIL=20261101', from: '2026-01-01', start: '08:00', for: '4h' },
              { calendar: '2026.ics' },
            ],
          }),
        ],
      },
      [
        'pools[0].windows[1]: this window never opens again',
        'pools[0].windows[2]: this window never opens again',
        'pools[0].windows[3]: this window never opens again',
      ],
    ],
    [
      'with windows of all pools that are over, once',
      {
        windows: [dates('2026-12-03'), { always: true }],
        pools: [pool('a', { windows: undefined }), pool('b', { windows: undefined })],
      },
      ['windows[0]: this window never opens again'],
    ],
    [
      'that is frozen for as long as anybody plans',
      { freezes: [freeze], pools: [pool('a')] },
      ['pools[0]: pool a is not open within the next ten years'],
    ],
    [
      'whose freezes leave less of every window than a rollout takes',
      {
        pools: [
          pool('a', {
            windows: [dates('2026-12-24', '2026-12-31')],
            freezes: [
              { from: '2026-12-24T09:00', to: '2026-12-24T20:00', because: 'eve' },
              { from: '2026-12-31T08:30', to: '2026-12-31T20:00', because: 'eve' },
            ],
            expectedLength: '61m',
          }),
        ],
      },
      [
        'pools[0]: pool a is never open for the 1h 1m that a rollout may take: write longer windows, or an expectedLength',
      ],
    ],
    [
      'with labels that have no counterpart',
      {
        pools: [
          pool('a', { labels: { before: { state: 'off', x: 'y' }, after: { x: 'z', done: '' } } }),
          pool('b', { labels: { before: { constructor: 'x' } } }),
        ],
      },
      [
        'pools[0].labels.before.state: nothing sets this label after the reboot: it stays as it is set here',
        'pools[0].labels.after.done: nothing sets this label before the reboot, so it says nothing about one',
        'pools[1].labels.before.constructor: nothing sets this label after the reboot: it stays as it is set here',
      ],
    ],
  ])('%s', (_, policy, expected) => {
    expect(warnings(policy)).toEqual(expected);
  });

  test('but not where an hour is left, and an hour is enough', () => {
    const eve = { from: '2026-12-24T09:00', to: '2026-12-24T20:00', because: 'eve' };
    const windows = [dates('2026-12-24')];
    const over = { windows, freezes: [eve], expectedLength: '1h' };
    expect(warnings({ pools: [pool('a', over)] })).toEqual([]);
  });
});
