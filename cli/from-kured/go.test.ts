import { describe, expect, test } from '@jest/globals';
import { bool, csv, day, durationMs, integer, timeOfDay } from './go.ts';

test.each([
  ['1h30m', 5_400_000],
  ['1h0m0s', 3_600_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['250ms', 250],
  ['2us', 0.002],
  ['-1s', -1_000],
  ['+2m', 120_000],
  ['0', 0],
  ['30', undefined],
  ['1d', undefined],
  ['h', undefined],
  ['', undefined],
  ['1h 30m', undefined],
])('the duration %j is %s ms', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each([
  // pkg/timewindow of kured tries 15:04, 15:04:05, 03:04pm, 15, 03pm and 3pm.
  ['0:00', 0],
  ['9:05', 9 * 3_600 + 300],
  ['23:59:59', 86_399],
  ['17', 61_200],
  ['5pm', 61_200],
  ['05pm', 61_200],
  ['05:00pm', 61_200],
  ['12am', 0],
  ['12:30am', 1_800],
  ['12pm', 43_200],
  // Go wants two digits of the hour where there are minutes.
  ['5:00pm', undefined],
  ['5PM', undefined],
  ['13pm', undefined],
  ['24:00', undefined],
  ['12:60', undefined],
  ['1:2', undefined],
  ['noon', undefined],
  ['', undefined],
])('the time %j is %s s after midnight', (text, seconds) => {
  expect(timeOfDay(text)).toBe(seconds);
});

test.each([
  ['su', 'sun'],
  ['Mon', 'mon'],
  ['TUESDAY', 'tue'],
  ['0', 'sun'],
  ['6', 'sat'],
  ['7', undefined],
  ['tues', undefined],
  ['', undefined],
])('the day %j is %s', (text, name) => {
  expect(day(text)).toBe(name);
});

test.each([
  ['', []],
  ['mon', ['mon']],
  ['mon,tue', ['mon', 'tue']],
  ['mon, tue', ['mon', ' tue']],
  ['a,', ['a', '']],
  ['"a,b",c', ['a,b', 'c']],
  ['"say ""hi""",x', ['say "hi"', 'x']],
])('the list %j is %j', (text, list) => {
  expect(csv(text)).toEqual(list);
});

describe('numbers and switches', () => {
  test.each([
    ['8080', 8_080],
    ['-1', -1],
    ['0x10', 16],
    ['1.5', undefined],
    ['1h', undefined],
    ['', undefined],
  ])('the number %j is %s', (text, number) => {
    expect(integer(text)).toBe(number);
  });

  test.each([
    ['true', true],
    ['1', true],
    ['T', true],
    ['False', false],
    ['0', false],
    ['yes', undefined],
    ['', undefined],
  ])('the switch %j is %s', (text, on) => {
    expect(bool(text)).toBe(on);
  });
});
