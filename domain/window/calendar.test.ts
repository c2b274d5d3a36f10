import { describe, expect, test } from '@jest/globals';
import { parseCalendar } from './calendar.ts';
import { openingsFrom, planOf } from './written.fixture.ts';

/** A calendar of events, each a list of lines. */
const ics = (events: readonly (readonly string[])[], head: readonly string[] = []): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    ...head,
    ...events.flatMap((lines) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT']),
    'END:VCALENDAR',
  ].join('\r\n');

const openings = (text: string, from: string, count = 5, zone = 'Europe/Zurich'): string[] =>
  openingsFrom(
    planOf({ timeZone: zone, windows: [{ calendar: 'a.ics' }] }, { 'a.ics': text }),
    from,
    count,
  );

const ZURICH = 'TZID=Europe/Zurich';
const weekly = [
  'UID:weekly',
  'SUMMARY:Patch night',
  `DTSTART;${ZURICH}:20261201T220000`,
  `DTEND;${ZURICH}:20261202T020000`,
  'RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=4',
];
const FROM = '2026-11-24T12:00Z';

describe('a calendar is open during', () => {
  test.each<{
    name: string;
    events: string[][];
    head?: string[];
    from?: string;
    zone?: string;
    /** More follow. */
    endless?: boolean;
    expected: string[];
  }>([
    {
      name: 'a day without an end, or with itself for an end',
      events: [
        ['UID:1', 'DTSTART;VALUE=DATE:20261205'],
        ['UID:2', 'DTSTART;VALUE=DATE:20261212', 'DTEND;VALUE=DATE:20261212'],
        ['UID:3', 'DTSTART:20261219'],
      ],
      expected: [
        '2026-12-04T23:00 2026-12-05T23:00',
        '2026-12-11T23:00 2026-12-12T23:00',
        '2026-12-18T23:00 2026-12-19T23:00',
      ],
    },
    {
      name: 'a week',
      events: [['UID:1', `DTSTART;${ZURICH}:20261201T220000`, 'DURATION:P1W']],
      expected: ['2026-12-01T21:00 2026-12-08T21:00'],
    },
    {
      name: 'each occurrence of a series, as long as the first one in elapsed time',
      events: [
        [
          'UID:1',
          `DTSTART;${ZURICH}:20270320T220000`,
          `DTEND;${ZURICH}:20270321T060000`,
          'RRULE:FREQ=WEEKLY;UNTIL=20270327T210000Z',
        ],
      ],
      expected: ['2027-03-20T21:00 2027-03-21T05:00', '2027-03-27T21:00 2027-03-28T05:00'],
    },
    {
      name: 'a series from its first event on, though the rule does not name it',
      endless: true,
      events: [
        ['UID:1', 'DTSTART:20261203T220000Z', 'DURATION:PT1H', 'RRULE:FREQ=WEEKLY;BYDAY=TU'],
      ],
      expected: ['2026-12-03T22:00 2026-12-03T23:00', '2026-12-08T22:00 2026-12-08T23:00'],
    },
    {
      name: 'a series that began long ago',
      endless: true,
      events: [
        [
          'UID:1',
          `DTSTART;${ZURICH}:20100105T220000`,
          'DURATION:PT1H',
          'RRULE:FREQ=MONTHLY;BYDAY=2TU',
        ],
      ],
      from: '2046-05-01T00:00Z',
      expected: ['2046-05-08T20:00 2046-05-08T21:00', '2046-06-12T20:00 2046-06-12T21:00'],
    },
    {
      name: 'a long occurrence that is under way',
      endless: true,
      events: [
        ['UID:1', 'DTSTART;VALUE=DATE:20261101', 'DTEND;VALUE=DATE:20261130', 'RRULE:FREQ=YEARLY'],
      ],
      expected: ['2026-10-31T23:00 2026-11-29T23:00', '2027-10-31T23:00 2027-11-29T23:00'],
    },
    {
      name: 'more dates of a series, as times, days and periods',
      events: [
        [
          'UID:1',
          'DTSTART:20261201T220000Z',
          'DURATION:PT1H',
          'RDATE:20261203T220000Z,20261204T220000Z',
          'RDATE;VALUE=PERIOD:20261210T180000Z/20261211T070000Z,20261212T180000Z/PT5H30M',
        ],
      ],
      expected: [
        '2026-12-01T22:00 2026-12-01T23:00',
        '2026-12-03T22:00 2026-12-03T23:00',
        '2026-12-04T22:00 2026-12-04T23:00',
        '2026-12-10T18:00 2026-12-11T07:00',
        '2026-12-12T18:00 2026-12-12T23:30',
      ],
    },
    {
      name: 'what is not excepted, in whatever zone the exception is written, or by its day',
      events: [
        [
          ...weekly,
          `EXDATE;${ZURICH}:20261208T220000`,
          'EXDATE:20261215T210000Z',
          'EXDATE;VALUE=DATE:20261222',
        ],
      ],
      expected: ['2026-12-01T21:00 2026-12-02T01:00'],
    },
    {
      name: 'not what an exception beside it names',
      events: [[...weekly, `EXDATE;${ZURICH}:20261208T220100`]],
      expected: [
        '2026-12-01T21:00 2026-12-02T01:00',
        '2026-12-08T21:00 2026-12-09T01:00',
        '2026-12-15T21:00 2026-12-16T01:00',
        '2026-12-22T21:00 2026-12-23T01:00',
      ],
    },
    {
      name: 'an occurrence that was moved twice, where it was moved last',
      events: [
        [
          'UID:weekly',
          'SEQUENCE:2',
          `RECURRENCE-ID;${ZURICH}:20261201T220000`,
          'DTSTART:20261203T200000Z',
          'DURATION:PT1H',
        ],
        [
          'UID:weekly',
          'SEQUENCE:1',
          `RECURRENCE-ID;${ZURICH}:20261201T220000`,
          'DTSTART:20261202T200000Z',
          'DURATION:PT1H',
        ],
        [...weekly.slice(0, -1), 'RRULE:FREQ=WEEKLY;COUNT=1'],
      ],
      expected: ['2026-12-03T20:00 2026-12-03T21:00'],
    },
    {
      name: 'nothing of a series that was cancelled, moved occurrences included',
      events: [
        [...weekly, 'STATUS:CANCELLED'],
        [
          'UID:weekly',
          `RECURRENCE-ID;${ZURICH}:20261208T220000`,
          'DTSTART:20261210T200000Z',
          'DURATION:PT1H',
        ],
      ],
      expected: [],
    },
    {
      name: 'nothing of a calendar that cancels',
      events: [weekly],
      head: ['METHOD:CANCEL'],
      expected: [],
    },
    {
      name: 'the newer version of an event',
      events: [
        ['UID:1', 'SEQUENCE:3', 'DTSTART:20261203T200000Z', 'DURATION:PT1H'],
        ['UID:1', 'SEQUENCE:2', 'DTSTART:20261204T200000Z', 'DURATION:PT1H'],
      ],
      expected: ['2026-12-03T20:00 2026-12-03T21:00'],
    },
    {
      name: 'events without a UID, each of them',
      events: [
        ['DTSTART:20261203T200000Z', 'DURATION:PT1H'],
        ['DTSTART:20261204T200000Z', 'DURATION:PT1H'],
      ],
      expected: ['2026-12-03T20:00 2026-12-03T21:00', '2026-12-04T20:00 2026-12-04T21:00'],
    },
    {
      name: 'not an event that only marks a time',
      events: [
        ['UID:1', 'DTSTART:20261203T200000Z'],
        ['UID:2', 'DTSTART:20261203T200000Z', 'DTEND:20261203T200000Z'],
      ],
      expected: [],
    },
    {
      name: 'the whole of a series whose start the change of the clocks leaves out',
      events: [
        [
          'UID:1',
          `DTSTART;${ZURICH}:20270321T023000`,
          'DURATION:PT1H',
          'RRULE:FREQ=WEEKLY;COUNT=3',
        ],
      ],
      from: '2027-03-20T00:00Z',
      expected: [
        '2027-03-21T01:30 2027-03-21T02:30',
        '2027-03-28T01:00 2027-03-28T02:00',
        '2027-04-04T00:30 2027-04-04T01:30',
      ],
    },
  ])('$name', ({ events, head, from = FROM, zone, endless = false, expected }) => {
    const count = endless ? expected.length : expected.length + 1;
    expect(openings(ics(events, head), from, count, zone)).toEqual(expected);
  });

  test('several calendars in one file, one with a mark of its byte order', () => {
    const one = ics([['UID:1', 'DTSTART:20261203T200000Z', 'DURATION:PT1H']]);
    const other = ics([['UID:2', 'DTSTART:20261204T200000Z', 'DURATION:PT1H']]);
    expect(openings(`\uFEFF${one}\r\n${other}`, FROM)).toEqual([
      '2026-12-03T20:00 2026-12-03T21:00',
      '2026-12-04T20:00 2026-12-04T21:00',
    ]);
  });

  test('its events by name', () => {
    const plan = planOf({ windows: [{ calendar: 'a.ics' }] }, { 'a.ics': ics([weekly]) });
    expect(plan.openings(Date.parse(FROM)).next().value).toMatchObject({
      from: ['windows[0] (Patch night)'],
    });
  });
});

const event = (tzid: string, at: string): string[] => [
  'UID:1',
  `DTSTART;TZID=${tzid}:${at}`,
  'DURATION:PT1H',
];

describe('a zone of a calendar is', () => {
  const OWN = [
    'BEGIN:VTIMEZONE',
    'TZID:Our own',
    'BEGIN:STANDARD',
    'DTSTART:16010101T030000',
    'TZOFFSETFROM:+0200',
    'TZOFFSETTO:+0100',
    'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10',
    'END:STANDARD',
    'BEGIN:DAYLIGHT',
    'DTSTART:16010101T020000',
    'TZOFFSETFROM:+0100',
    'TZOFFSETTO:+0200',
    'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3',
    'END:DAYLIGHT',
    'END:VTIMEZONE',
  ];
  test.each<{ name: string; tzid: string; head?: string[]; at?: string; opens: string }>([
    { name: 'what Outlook calls it', tzid: 'W. Europe Standard Time', opens: '2027-06-01T20:00' },
    {
      name: 'what some programs put before it',
      tzid: '/mozilla.org/20050126_1/Europe/Zurich',
      opens: '2027-06-01T20:00',
    },
    {
      name: 'what the file says it lies in',
      tzid: 'Office',
      head: ['BEGIN:VTIMEZONE', 'TZID:Office', 'X-LIC-LOCATION:Asia/Kathmandu', 'END:VTIMEZONE'],
      opens: '2027-06-01T16:15',
    },
    {
      name: 'as the file describes it, in summer',
      tzid: 'Our own',
      head: OWN,
      opens: '2027-06-01T20:00',
    },
    {
      name: 'as the file describes it, in winter',
      tzid: 'Our own',
      head: OWN,
      at: '20261201T220000',
      opens: '2026-12-01T21:00',
    },
    {
      name: 'as the file describes it, in the hour left out',
      tzid: 'Our own',
      head: OWN,
      at: '20270328T023000',
      opens: '2027-03-28T01:00',
    },
    {
      name: 'as the file describes it, in the hour that comes twice',
      tzid: 'Our own',
      head: OWN,
      at: '20271031T023000',
      opens: '2027-10-31T00:30',
    },
    {
      name: 'as the file describes it, changes one by one',
      tzid: 'Island',
      head: [
        'BEGIN:VTIMEZONE',
        'TZID:Island',
        'BEGIN:STANDARD',
        'DTSTART:20260101T000000',
        'TZOFFSETFROM:-0330',
        'TZOFFSETTO:-0430',
        'RDATE:20280101T000000',
        'END:STANDARD',
        'END:VTIMEZONE',
      ],
      opens: '2027-06-02T02:30',
    },
  ])('$name', ({ tzid, head = [], at = '20270601T220000', opens }) => {
    const [first = ''] = openings(ics([event(tzid, at)], head), '2026-11-24T12:00Z', 1);
    expect(first.slice(0, 16)).toBe(opens);
  });
});

describe('G9: a calendar is refused as a whole, with every reason:', () => {
  test.each<[name: string, text: string, because: (string | RegExp)[]]>([
    ['nothing', '', ['it is not iCalendar: no VCALENDAR in it']],
    ['a page', '<html><body>Sign in</body></html>', [/^it is not iCalendar: /]],
    ['half a calendar', ics([weekly]).slice(0, -15), [/^it is not iCalendar: /]],
    [
      'no start',
      ics([['SUMMARY:Patch\\, day', 'DTEND:20261203T200000Z']]),
      ['event "Patch, day": it has no DTSTART'],
    ],
    [
      'a time that does not exist, and more',
      ics([
        ['SUMMARY:A', 'DTSTART:20260231T200000Z'],
        weekly,
        ['UID:B', 'DTSTART:20261203T200000Z', 'DURATION:soon'],
      ]),
      [
        'event "A": there is no such time as 2026-02-31T20:00:00Z',
        'event "B": there is no such duration as soon',
      ],
    ],
    [
      'a length before its start',
      ics([['UID:B', 'DTSTART:20261203T200000Z', 'DURATION:-PT1H']]),
      ['event "B": there is no such duration as -PT1H'],
    ],
    [
      'a zone that nobody knows',
      ics([['UID:B', 'DTSTART;TZID=Mars:20261203T200000']]),
      ['event "B": nobody knows the time zone Mars'],
    ],
    [
      'a rule that is not understood',
      ics([['UID:B', 'DTSTART:20261203T200000Z', 'RRULE:FREQ=HOURLY']]),
      [/^event "B": RRULE: write FREQ=DAILY/],
    ],
    [
      'a rule that is no rule',
      ics([['UID:B', 'DTSTART:20261203T200000Z', 'RRULE:FREQ=OFTEN']]),
      [/^it is not iCalendar: invalid frequency/],
    ],
    [
      'two rules',
      ics([['UID:B', 'DTSTART:20261203T200000Z', 'RRULE:FREQ=DAILY', 'RRULE:FREQ=WEEKLY']]),
      ['event "B": several RRULE in one event are not supported'],
    ],
    [
      'a rule of exceptions',
      ics([['UID:B', 'DTSTART:20261203T200000Z', 'EXRULE:FREQ=DAILY']]),
      ['event "B": EXRULE is not supported: write EXDATE'],
    ],
    [
      'a change to all that follows',
      ics([
        ['UID:B', 'DTSTART:20261203T200000Z', 'RECURRENCE-ID;RANGE=THISANDFUTURE:20261203T200000Z'],
      ]),
      ['event "B": RECURRENCE-ID with RANGE is not supported: write a new series'],
    ],
  ])('%s', (_, text, because) => {
    expect(parseCalendar(text)).toEqual({
      problems: because.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))),
    });
  });
});
