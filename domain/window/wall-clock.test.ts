import { describe, expect, test } from '@jest/globals';
import { canonicalZone, instantOf, localAt, sayTime, zoneClock } from './wall-clock.ts';

const local = (text: string): number => Date.parse(`${text}Z`);
const utc = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

describe('a local time is the moment at which the clock first shows it or a later one:', () => {
  test.each([
    ['on a usual day', 'Europe/Zurich', '2026-12-08T22:00', '2026-12-08T21:00'],
    [
      'left out in spring: when the clocks are put forward',
      'Europe/Zurich',
      '2027-03-28T02:30',
      '2027-03-28T01:00',
    ],
    ['the last one before that', 'Europe/Zurich', '2027-03-28T01:59', '2027-03-28T00:59'],
    ['the first one after that', 'Europe/Zurich', '2027-03-28T03:00', '2027-03-28T01:00'],
    ['twice in autumn: the first', 'Europe/Zurich', '2027-10-31T02:30', '2027-10-31T00:30'],
    [
      'the first one that comes once again',
      'Europe/Zurich',
      '2027-10-31T03:00',
      '2027-10-31T02:00',
    ],
    ['west of UTC, spring', 'America/New_York', '2027-03-14T02:15', '2027-03-14T07:00'],
    ['west of UTC, autumn', 'America/New_York', '2027-11-07T01:30', '2027-11-07T05:30'],
    ['half an hour left out', 'Australia/Lord_Howe', '2027-10-03T02:15', '2027-10-02T15:30'],
    ['half an hour twice', 'Australia/Lord_Howe', '2027-04-04T01:45', '2027-04-03T14:45'],
    ['a quarter of an hour off', 'Asia/Kathmandu', '2028-02-29T00:00', '2028-02-28T18:15'],
    ['clocks changed at midnight', 'Asia/Beirut', '2027-03-28T00:00', '2027-03-27T22:00'],
    ['a day left out', 'Pacific/Apia', '2011-12-30T12:00', '2011-12-30T10:00'],
    ['never a change', 'UTC', '2027-03-28T02:30', '2027-03-28T02:30'],
  ])('%s (%s)', (_, zone, at, is) => {
    expect(utc(instantOf(zoneClock(zone), local(at)))).toBe(is);
  });
});

test('the clock shows an hour more from the very moment of the change, whatever was asked before', () => {
  const clock = zoneClock('Europe/Zurich');
  const change = Date.parse('2027-03-28T01:00Z');
  expect([change - 1, change, change + 1].map((ms) => localAt(clock, ms) - ms)).toEqual([
    3_600_000, 7_200_000, 7_200_000,
  ]);
  expect(localAt(clock, change - 1) - change).toBe(3_599_999);
});

test('people read a time with its day and its zone; seconds only where there are some', () => {
  const clock = zoneClock('Europe/Zurich');
  expect(sayTime(clock, Date.parse('2026-12-08T21:00Z'))).toBe(
    'Tue 2026-12-08 22:00 Europe/Zurich',
  );
  expect(sayTime(clock, Date.parse('2026-12-08T21:00:30Z'))).toBe(
    'Tue 2026-12-08 22:00:30 Europe/Zurich',
  );
});

test('a zone has the name of the IANA; offsets, Windows names and the unknown have none', () => {
  expect(['Europe/Zurich', 'europe/zurich', 'UTC', 'Asia/Kathmandu'].map(canonicalZone)).toEqual([
    'Europe/Zurich',
    'Europe/Zurich',
    'UTC',
    'Asia/Kathmandu',
  ]);
  for (const name of [
    '+01:00',
    '-05:00',
    '',
    'Z',
    'Europe/Berne',
    'W. Europe Standard Time',
    'CEST',
  ]) {
    expect([name, canonicalZone(name)]).toEqual([name, undefined]);
  }
});
