import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readExcused, readAttempts, writeAttempts, type Attempts } from './node-contract.ts';
import { words } from './outside.ts';

const AT = '2026-11-23T12:00:00.000Z';
const AT_MS = Date.parse(AT);

const instantMs = fc
  .date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true })
  .map((date) => date.getTime());
const word = fc.string().map((text) => words(text));
const attempts = fc.record(
  {
    reboots: fc.array(instantMs),
    failed: fc.record({ count: fc.integer({ min: 1 }), lastAtMs: instantMs, because: word }),
    trouble: fc.record({ because: word, atMs: instantMs }),
  },
  { requiredKeys: ['reboots'] },
);

describe('the past of a node', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(attempts, (value: Attempts) => {
        const empty = value.reboots.length === 0 && !value.failed && !value.trouble;
        expect(readAttempts(writeAttempts(value) ?? undefined)).toEqual(empty ? undefined : value);
      }),
    );
  });

  test('is written so that a person can read it', () => {
    const failed = { count: 2, lastAtMs: AT_MS, because: 'aborted' };
    const trouble = { because: 'budget web', atMs: AT_MS };
    expect(JSON.parse(writeAttempts({ reboots: [AT_MS], failed, trouble }) ?? '')).toEqual({
      reboots: [AT],
      failed: 2,
      lastAt: AT,
      because: 'aborted',
      trouble: 'budget web',
      troubleAt: AT,
    });
  });

  test('leaves no annotation where there is nothing to remember', () => {
    expect(writeAttempts({ reboots: [] })).toBeNull();
  });

  test.each([
    undefined,
    '',
    'yes',
    'null',
    '{"reboots":"today"}',
    '{"reboots":[1]}',
    '{"reboots":[],"failed":-1}',
    '{"reboots":[],"failed":1}',
    `{"reboots":[],"failed":1,"lastAt":"${AT}"}`,
    `{"reboots":[],"trouble":7,"troubleAt":"${AT}"}`,
    '{"reboots":[],"trouble":"x"}',
  ])('is none where it cannot be read, so that it holds nothing up for ever: %s', (text) => {
    expect(readAttempts(text)).toBeUndefined();
  });

  test('without a list of reboots is read all the same', () => {
    expect(readAttempts(`{"failed":1,"lastAt":"${AT}","because":"x"}`)).toEqual({
      reboots: [],
      failed: { count: 1, lastAtMs: AT_MS, because: 'x' },
    });
  });

  test.each([undefined, '', '2026-11-23', 'yes'])('no excuse is read from %s', (text) => {
    expect(readExcused(text)).toBeUndefined();
  });

  test('never throws, whatever a person has written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(readAttempts(text)?.reboots ?? []).toEqual([]);
      }),
    );
  });
});
