import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readPast, writePast, type Past } from './node-contract.ts';

const AT = '2026-11-23T12:00:00.000Z';
const AT_MS = Date.parse(AT);

const instantMs = fc
  .date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true })
  .map((date) => date.getTime());
const past = fc.record(
  {
    reboots: fc.array(instantMs),
    failed: fc.record(
      {
        count: fc.integer({ min: 1 }),
        lastAtMs: instantMs,
        because: fc.string(),
        trouble: fc.string(),
      },
      { requiredKeys: ['count', 'lastAtMs', 'because'] },
    ),
  },
  { requiredKeys: ['reboots'] },
);

describe('the past of a node', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(past, (value: Past) => {
        const empty = value.reboots.length === 0 && !value.failed;
        expect(readPast(writePast(value) ?? undefined)).toEqual(empty ? undefined : value);
      }),
    );
  });

  test('is written so that a person can read it', () => {
    const failed = { count: 2, lastAtMs: AT_MS, because: 'aborted', trouble: 'budget web' };
    expect(JSON.parse(writePast({ reboots: [AT_MS], failed }) ?? '')).toEqual({
      reboots: [AT],
      failed: 2,
      lastAt: AT,
      because: 'aborted',
      trouble: 'budget web',
    });
  });

  test('leaves no annotation where there is nothing to remember', () => {
    expect(writePast({ reboots: [] })).toBeNull();
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
    `{"reboots":[],"failed":1,"lastAt":"${AT}","because":"x","trouble":7}`,
  ])('is none where it cannot be read, so that it holds nothing up for ever: %s', (text) => {
    expect(readPast(text)).toBeUndefined();
  });

  test('without a list of reboots is read all the same', () => {
    expect(readPast(`{"failed":1,"lastAt":"${AT}","because":"x"}`)).toEqual({
      reboots: [],
      failed: { count: 1, lastAtMs: AT_MS, because: 'x' },
    });
  });

  test('never throws, whatever a person has written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(readPast(text)?.reboots ?? []).toEqual([]);
      }),
    );
  });
});
