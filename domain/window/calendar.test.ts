import { describe, expect, test } from '@jest/globals';
import { parseCalendar } from './calendar.ts';
import { openingsFrom, planOf } from './written.fixture.ts';

/** A calendar of events, each with its lines joined by `|`. */
const ics = (events: readonly string[], head = ''): string =>
  [
    'BEGIN:VCALENDAR|VERSION:2.0',
    head,
    ...events.map((lines) => `BEGIN:VEVENT|${lines}|END:VEVENT`),
    'END:VCALENDAR',
  ]
    .filter((part) => part !== '')
    .join('|')
    .replaceAll('|', '\r\n');

const openings = (text: string, from: string, count = 5): string[] =>
  openingsFrom(planOf({ windows: [{ calendar: 'a.ics' }] }, { 'a.ics': text }), from, count);

const ZURICH = 'TZID=Europe/Zurich';
const NIGHT = `UID:weekly|SUMMARY:Patch night|DTSTART;${ZURICH}:20261201T220000|DTEND;${ZURICH}:20261202T020000`;
const WEEKLY = `${NIGHT}|RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=4`;
const FIRST = '2026-12-01T21:00 2026-12-02T01:00';
const FROM = '2026-11-24T12:00Z';
/** An hour of a December evening. */
const hourOf = (day: number): string =>
  `DTSTART:202612${String(day).padStart(2, '0')}T200000Z|DURATION:PT1H`;
const THIRD = '2026-12-03T20:00 2026-12-03T21:00';
const FOURTH = '2026-12-04T20:00 2026-12-04T21:00';
const moved = (day: string, lines: string): string =>
  `UID:weekly|RECURRENCE-ID;${ZURICH}:${day}T220000|${lines}`;

describe('a calendar is open during', () => {
  test.each<[name: string, events: string[], expected: string[], head?: string]>([
    [
      'a day without an end, or with itself for an end',
      [
        'UID:1|DTSTART;VALUE=DATE:20261205',
        'UID:2|DTSTART;VALUE=DATE:20261212|DTEND;VALUE=DATE:20261212',
        'UID:3|DTSTART:20261219',
      ],
      [
        '2026-12-04T23:00 2026-12-05T23:00',
        '2026-12-11T23:00 2026-12-12T23:00',
        '2026-12-18T23:00 2026-12-19T23:00',
      ],
    ],
    [
      'a week',
      [`UID:1|DTSTART;${ZURICH}:20261201T220000|DURATION:P1W`],
      ['2026-12-01T21:00 2026-12-08T21:00'],
    ],
    [
      'each occurrence of a series, as long as the first one in elapsed time',
      [
        `UID:1|DTSTART;${ZURICH}:20270320T220000|DTEND;${ZURICH}:20270321T060000|RRULE:FREQ=WEEKLY;UNTIL=20270327T210000Z`,
      ],
      ['2027-03-20T21:00 2027-03-21T05:00', '2027-03-27T21:00 2027-03-28T05:00'],
    ],
    [
      'more dates of a series, as times, days and periods',
      [
        `UID:1|${hourOf(1)}|RDATE:20261203T200000Z,20261204T200000Z|RDATE;VALUE=PERIOD:20261210T180000Z/20261211T070000Z,20261212T180000Z/PT5H30M`,
      ],
      [
        '2026-12-01T20:00 2026-12-01T21:00',
        THIRD,
        FOURTH,
        '2026-12-10T18:00 2026-12-11T07:00',
        '2026-12-12T18:00 2026-12-12T23:30',
      ],
    ],
    [
      'what is not excepted, in whatever zone the exception is written, or by its day',
      [
        `${WEEKLY}|EXDATE;${ZURICH}:20261208T220000|EXDATE:20261215T210000Z|EXDATE;VALUE=DATE:20261222`,
      ],
      [FIRST],
    ],
    [
      'not what an exception beside it names',
      [`${NIGHT}|RRULE:FREQ=WEEKLY;COUNT=2|EXDATE;${ZURICH}:20261208T220100`],
      [FIRST, '2026-12-08T21:00 2026-12-09T01:00'],
    ],
    [
      'an occurrence that was moved twice, where it was moved last',
      [
        moved('20261201', `SEQUENCE:2|${hourOf(3)}`),
        moved('20261201', `SEQUENCE:1|${hourOf(2)}`),
        `${NIGHT}|RRULE:FREQ=WEEKLY;COUNT=1`,
      ],
      [THIRD],
    ],
    [
      'nothing of a series that was cancelled, moved occurrences included',
      [`${WEEKLY}|STATUS:CANCELLED`, moved('20261208', hourOf(10))],
      [],
    ],
    ['nothing of a calendar that cancels', [WEEKLY], [], 'METHOD:CANCEL'],
    [
      'the newer version of an event',
      [`UID:1|SEQUENCE:3|${hourOf(3)}`, `UID:1|SEQUENCE:2|${hourOf(4)}`],
      [THIRD],
    ],
    ['events without a UID, each of them', [hourOf(3), hourOf(4)], [THIRD, FOURTH]],
    [
      'not an event that only marks a time',
      ['UID:1|DTSTART:20261203T200000Z', 'UID:2|DTSTART:20261203T200000Z|DTEND:20261203T200000Z'],
      [],
    ],
    [
      'the whole of a series whose start the change of the clocks leaves out',
      [`UID:1|DTSTART;${ZURICH}:20270321T023000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=3`],
      [
        '2027-03-21T01:30 2027-03-21T02:30',
        '2027-03-28T01:00 2027-03-28T02:00',
        '2027-04-04T00:30 2027-04-04T01:30',
      ],
    ],
  ])('%s', (_, events, expected, head = '') => {
    expect(openings(ics(events, head), FROM, expected.length + 1)).toEqual(expected);
  });

  test.each<[name: string, event: string, from: string, expected: string[]]>([
    [
      'from its first event on, though the rule does not name it',
      `UID:1|${hourOf(3)}|RRULE:FREQ=WEEKLY;BYDAY=TU`,
      FROM,
      [THIRD, '2026-12-08T20:00 2026-12-08T21:00'],
    ],
    [
      'that began long ago',
      `UID:1|DTSTART;${ZURICH}:20100105T220000|DURATION:PT1H|RRULE:FREQ=MONTHLY;BYDAY=2TU`,
      '2046-05-01T00:00Z',
      ['2046-05-08T20:00 2046-05-08T21:00', '2046-06-12T20:00 2046-06-12T21:00'],
    ],
    [
      'whose long occurrence is under way',
      'UID:1|DTSTART;VALUE=DATE:20261101|DTEND;VALUE=DATE:20261130|RRULE:FREQ=YEARLY',
      FROM,
      ['2026-10-31T23:00 2026-11-29T23:00', '2027-10-31T23:00 2027-11-29T23:00'],
    ],
  ])('a series without end %s', (_, event, from, expected) => {
    expect(openings(ics([event]), from, 2)).toEqual(expected);
  });

  test('several calendars in one file, one with a mark of its byte order', () => {
    const [one, other] = [ics([`UID:1|${hourOf(3)}`]), ics([`UID:2|${hourOf(4)}`])];
    expect(openings(`\uFEFF${one}\r\n${other}`, FROM)).toEqual([THIRD, FOURTH]);
  });

  test('its events by name', () => {
    const plan = planOf({ windows: [{ calendar: 'a.ics' }] }, { 'a.ics': ics([WEEKLY]) });
    expect(plan.openings(Date.parse(FROM)).next().value).toMatchObject({
      from: ['windows[0] (Patch night)'],
    });
  });
});

const change = (kind: string, from: string, to: string, lines: string): string =>
  `BEGIN:${kind}|TZOFFSETFROM:${from}|TZOFFSETTO:${to}|${lines}|END:${kind}`;
const zone = (id: string, ...lines: string[]): string =>
  ['BEGIN:VTIMEZONE', `TZID:${id}`, ...lines, 'END:VTIMEZONE'].join('|');

describe('a zone of a calendar is', () => {
  const YEARLY = 'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH';
  const OWN = zone(
    'Our own',
    change('STANDARD', '+0200', '+0100', `DTSTART:16010101T030000|${YEARLY}=10`),
    change('DAYLIGHT', '+0100', '+0200', `DTSTART:16010101T020000|${YEARLY}=3`),
  );
  const OFFICE = zone('Office', 'X-LIC-LOCATION:Asia/Kathmandu');
  const ISLAND = zone(
    'Island',
    change('STANDARD', '-0330', '-0430', 'DTSTART:20260101T000000|RDATE:20280101T000000'),
  );
  const SUMMER = '20270601T220000';
  test.each<[name: string, start: string, opens: string, head?: string]>([
    ['what Outlook calls it', `W. Europe Standard Time:${SUMMER}`, '2027-06-01T20:00'],
    ['what some put before it', `/a.org/1/Europe/Zurich:${SUMMER}`, '2027-06-01T20:00'],
    ['what the file says it lies in', `Office:${SUMMER}`, '2027-06-01T16:15', OFFICE],
    ['as the file describes it, in summer', `Our own:${SUMMER}`, '2027-06-01T20:00', OWN],
    ['in winter', 'Our own:20261201T220000', '2026-12-01T21:00', OWN],
    ['in the hour left out', 'Our own:20270328T023000', '2027-03-28T01:00', OWN],
    ['in the hour that comes twice', 'Our own:20271031T023000', '2027-10-31T00:30', OWN],
    ['with changes one by one', `Island:${SUMMER}`, '2027-06-02T02:30', ISLAND],
  ])('%s', (_, start, opens, head = '') => {
    const text = ics([`UID:1|DTSTART;TZID=${start}|DURATION:PT1H`], head);
    expect(openings(text, FROM, 1)[0]?.slice(0, 16)).toBe(opens);
  });
});

describe('G9: a calendar is refused as a whole, with every reason:', () => {
  const B = 'UID:B|DTSTART:20261203T200000Z';
  test.each<[name: string, text: string, because: string | RegExp, more?: string]>([
    ['nothing', '', 'it is not iCalendar: no VCALENDAR in it'],
    ['a page', '<html><body>Sign in</body></html>', /^it is not iCalendar: /],
    ['half a calendar', ics([WEEKLY]).slice(0, -15), /^it is not iCalendar: /],
    [
      'no start',
      ics(['SUMMARY:Patch\\, day|DTEND:20261203T200000Z']),
      'event "Patch, day": it has no DTSTART',
    ],
    [
      'a time that does not exist, and more',
      ics(['SUMMARY:A|DTSTART:20260231T200000Z', WEEKLY, `${B}|DURATION:soon`]),
      'event "A": there is no such time as 2026-02-31T20:00:00Z',
      'event "B": there is no such duration as soon',
    ],
    [
      'a length before its start',
      ics([`${B}|DURATION:-PT1H`]),
      'event "B": there is no such duration as -PT1H',
    ],
    [
      'a zone that nobody knows',
      ics(['UID:B|DTSTART;TZID=Mars:20261203T200000']),
      'event "B": nobody knows the time zone Mars',
    ],
    ['an hourly rule', ics([`${B}|RRULE:FREQ=HOURLY`]), /^event "B": RRULE: write FREQ=DAILY/],
    ['no rule', ics([`${B}|RRULE:FREQ=OFTEN`]), /^it is not iCalendar: invalid frequency/],
    [
      'two rules',
      ics([`${B}|RRULE:FREQ=DAILY|RRULE:FREQ=WEEKLY`]),
      'event "B": several RRULE in one event are not supported',
    ],
    [
      'a rule of exceptions',
      ics([`${B}|EXRULE:FREQ=DAILY`]),
      'event "B": EXRULE is not supported: write EXDATE',
    ],
    [
      'a change to all that follows',
      ics([`${B}|RECURRENCE-ID;RANGE=THISANDFUTURE:20261203T200000Z`]),
      'event "B": RECURRENCE-ID with RANGE is not supported: write a new series',
    ],
  ])('%s', (_, text, because, more = '') => {
    const first = typeof because === 'string' ? because : expect.stringMatching(because);
    expect(parseCalendar(text)).toEqual({ problems: more === '' ? [first] : [first, more] });
  });
});
