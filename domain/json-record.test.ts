import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { instantOf, readRecord, type Fields } from './json-record.ts';

const AT = '2026-11-23T12:00:00Z';
const AT_MS = Date.parse(AT);

/** Reads one field, whatever is written. */
const readField = (field: (fields: Fields) => unknown, written: unknown) =>
  readRecord(JSON.stringify({ it: written }), field);

const value = (expected: unknown) => ({ ok: true, value: expected });
const refused = (because: unknown) => ({ ok: false, because });

const READ = {
  text: (fields: Fields) => fields.text('it'),
  flag: (fields: Fields) => fields.flag('it'),
  instant: (fields: Fields) => fields.instant('it'),
  instants: (fields: Fields) => fields.instants('it'),
  count: (fields: Fields) => fields.count('it'),
  oneOf: (fields: Fields) => fields.oneOf('it', ['on', 'off']),
  textOrNull: (fields: Fields) => fields.textOrNull('it'),
  textIfAny: (fields: Fields) => fields.textIfAny('it'),
  each: (fields: Fields) => fields.each('it', (one) => one.count('n')),
};
const NO_TIMES = 'it is not a list of RFC 3339 times';
const NO_COUNT = 'it is not a number from 0';
const all = (fields: Fields) => [fields.instants('a'), fields.count('b'), fields.text('c')];

describe('a field', () => {
  test.each<{ field: keyof typeof READ; written: unknown; expected: object }>([
    { field: 'text', written: '', expected: value('') },
    { field: 'text', written: 7, expected: refused('it is not a text') },
    { field: 'text', written: undefined, expected: refused('it is not a text') },
    { field: 'flag', written: false, expected: value(false) },
    { field: 'flag', written: 'false', expected: refused('it is not true or false') },
    { field: 'instant', written: AT, expected: value(AT_MS) },
    { field: 'instant', written: AT_MS, expected: refused('it is not a text') },
    { field: 'instant', written: 'friday-5', expected: refused('it is not an RFC 3339 time') },
    { field: 'instants', written: undefined, expected: value([]) },
    { field: 'instants', written: [], expected: value([]) },
    { field: 'instants', written: [AT, AT], expected: value([AT_MS, AT_MS]) },
    { field: 'instants', written: AT, expected: refused(NO_TIMES) },
    { field: 'instants', written: [AT, 'soon'], expected: refused(NO_TIMES) },
    { field: 'instants', written: [AT_MS], expected: refused(NO_TIMES) },
    { field: 'instants', written: { 0: AT }, expected: refused(NO_TIMES) },
    { field: 'count', written: undefined, expected: value(0) },
    { field: 'count', written: 0, expected: value(0) },
    { field: 'count', written: 12, expected: value(12) },
    { field: 'count', written: -1, expected: refused(NO_COUNT) },
    { field: 'count', written: 1.5, expected: refused(NO_COUNT) },
    { field: 'count', written: '1', expected: refused(NO_COUNT) },
    { field: 'count', written: 1e300, expected: refused(NO_COUNT) },
    { field: 'oneOf', written: 'off', expected: value('off') },
    { field: 'oneOf', written: 'Off', expected: refused('it is none of on, off') },
    { field: 'oneOf', written: 'constructor', expected: refused('it is none of on, off') },
    { field: 'textOrNull', written: null, expected: value(null) },
    { field: 'textOrNull', written: '', expected: value('') },
    { field: 'textOrNull', written: undefined, expected: refused('it is not a text') },
    { field: 'textIfAny', written: undefined, expected: value(undefined) },
    { field: 'textIfAny', written: '', expected: value('') },
    { field: 'textIfAny', written: null, expected: refused('it is not a text') },
    { field: 'each', written: undefined, expected: value(undefined) },
    { field: 'each', written: {}, expected: value({}) },
    { field: 'each', written: { a: { n: 1 }, b: {} }, expected: value({ a: 1, b: 0 }) },
    { field: 'each', written: 'a', expected: refused('it is not a JSON object') },
    { field: 'each', written: null, expected: refused('it is not a JSON object') },
    { field: 'each', written: { a: 1 }, expected: refused('it.a is not a JSON object') },
    { field: 'each', written: { a: { n: -1 } }, expected: refused('n is not a number from 0') },
  ])('$field of $written', ({ field, written, expected }) => {
    expect(readField(READ[field], written)).toEqual(expected);
  });
});

describe('readRecord', () => {
  test.each([
    { json: undefined, expected: undefined },
    { json: '', expected: refused('it is not JSON') },
    { json: '{', expected: refused('it is not JSON') },
    { json: 'null', expected: refused('it is not a JSON object') },
    { json: '7', expected: refused('it is not a JSON object') },
    { json: '[]', expected: refused('it is not a text') },
    { json: '{"it":"x","more":1}', expected: value('x') },
    { json: '{"__proto__":{"it":"x"}}', expected: refused('it is not a text') },
  ])('of $json', ({ json, expected }) => {
    expect(readRecord(json, READ.text)).toEqual(expected);
  });

  test('never throws, whatever a person has written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        // By chance it may be what is wanted.
        expect([value(expect.any(Array)), refused(expect.any(String))]).toContainEqual(
          readRecord(text, all),
        );
      }),
    );
  });
});

describe('instantOf', () => {
  test.each([AT, '2026-11-23t12:00:00z', '2026-11-23T13:00:00+01:00', '2026-11-23T12:00:00.000Z'])(
    'reads %s',
    (text) => {
      expect(instantOf(text)).toBe(AT_MS);
    },
  );

  test.each([
    '',
    '2026',
    '2026-11-23',
    '1-12-2026',
    'friday-5',
    `x${AT}`,
    `${AT} `,
    '2026-13-01T00:00:00Z',
  ])('does not guess what "%s" might mean', (text) => {
    expect(instantOf(text)).toBeNaN();
  });

  test('reads every time that is written in the usual way', () => {
    const instant = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(instant, (date) => expect(instantOf(date.toISOString())).toBe(date.getTime())),
    );
  });
});
