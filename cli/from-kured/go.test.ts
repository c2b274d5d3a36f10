import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { TYPES, type Type } from './go.ts';

/** What kured makes of a text; null: it does not start. */
const VALUES = parse(String.raw`
duration: { 1h30m: 5400000, 1h0m0s: 3600000, 1.5h: 5400000, .5s: 500, 250ms: 250, 2us: 0.002, -1s: -1000, +2m: 120000, '0': 0 }
no duration: { '30': null, 1d: null, h: null, '': null, 1h 30m: null }
# pkg/timewindow of kured tries 15:04, 15:04:05, 03:04pm, 15, 03pm and 3pm.
time: { '0:00': 0, '9:05': 32700, '23:59:59': 86399, '17': 61200, 5pm: 61200, 05pm: 61200, '05:00pm': 61200 }
time of noon: { 12am: 0, '12:30am': 1800, 12pm: 43200 }
# Go wants two digits of the hour where there are minutes.
no time: { '5:00pm': null, 5PM: null, 13pm: null, '24:00': null, '12:60': null, '1:2': null, noon: null, '': null }
int: { '8080': 8080, '-1': -1, '0x10': 16, '1.5': null, 1h: null, '': null, '9223372036854775808': null }
bool: { 'true': true, '1': true, T: true, 'False': false, '0': false, 'yes': null, '': null }
days: { su: [sun], Mon: [mon], TUESDAY: [tue], '0,6': [sun, sat], '': [], '7': null, '-1': null, tues: null, 'mon,': null }
texts: { '': [], 'mon, tue': [mon, ' tue'], 'a,': [a, ''], '"a,b",c': ['a,b', c], '"say ""hi""",x': [say "hi", x] }
selectors: { 'a=b,c=d': ['a=b,c=d'] }
zone: { '': UTC, Local: Local, Europe/Zurich: Europe/Zurich, Mars: null }
regexp: { '': '', ^(A|B)$: ^(A|B)$, (?i)watchdog: (?i)watchdog, (?P<name>a): (?P<name>a), \Aa\z: \Aa\z }
no regexp: { 'a**': null, (: null, '*': null, (?=a): null }
`) as Record<string, Record<string, unknown>>;

const ROWS = Object.entries(VALUES).flatMap(([kind, rows]) =>
  Object.entries(rows).map(([text, value]) => ({ kind, text, value })),
);

test.each(ROWS)('the $kind $text is $value', ({ kind, text, value }) => {
  const row = TYPES[/^(no )?(\w+)/.exec(kind)?.[2] as Type];
  expect(row.read(row.split?.(text) ?? [text])).toEqual(value ?? undefined);
});
