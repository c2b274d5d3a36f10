import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readPersonsSignal, windowOf } from './persons-signal.ts';

const AT = 1_000;
const SILENT = { reason: 'no reason given', by: 'somebody', atMs: AT };

describe('a signal', () => {
  test.each<{ name: string; sent: unknown; expected: object }>([
    { name: 'may come without a word', sent: undefined, expected: SILENT },
    { name: 'may come with null, as some clients send it', sent: null, expected: SILENT },
    { name: 'may come with an empty object', sent: {}, expected: SILENT },
    {
      name: 'tells who and why',
      sent: { reason: 'release day', by: 'ana' },
      expected: { ...SILENT, reason: 'release day', by: 'ana' },
    },
    {
      name: 'may last for a while',
      sent: { for: '1h30m' },
      expected: { ...SILENT, forMs: 5_400_000 },
    },
    {
      name: 'may be meant for freezes too',
      sent: { despiteFreeze: true },
      expected: { ...SILENT, despiteFreeze: true },
    },
    { name: 'is not where it says so', sent: { despiteFreeze: false }, expected: SILENT },
    {
      name: 'says so by true or false alone',
      sent: { despiteFreeze: 'no' },
      expected: { ...SILENT, notUnderstood: 'despiteFreeze: write true or false, not "no"' },
    },
    { name: 'may name a gate', sent: { gate: 'hold' }, expected: { ...SILENT, gate: 'hold' } },
    {
      name: 'counts although its duration is none, and says so',
      sent: { reason: 'x', for: 30 },
      expected: { ...SILENT, reason: 'x', notUnderstood: 'for: write a duration like 30m, not 30' },
    },
    {
      name: 'does not last for ever by a typing error',
      sent: { for: `${'9'.repeat(20)}d` },
      expected: {
        ...SILENT,
        notUnderstood: `for: write a duration like 30m, not "${'9'.repeat(20)}d"`,
      },
    },
    {
      name: 'is recorded when it is a text',
      sent: 'stop it',
      expected: { ...SILENT, notUnderstood: '"stop it" is not an object' },
    },
    {
      name: 'is recorded when it is a list',
      sent: ['hold'],
      expected: { ...SILENT, notUnderstood: '["hold"] is not an object' },
    },
    {
      name: 'is recorded field by field, and what can be understood counts',
      sent: { reason: 5, by: 'ana', resaon: 'x', for: 'soon' },
      expected: {
        ...SILENT,
        by: 'ana',
        notUnderstood:
          'reason: write a text, not 5; resaon: there is no such field; for: write a duration like 30m, not "soon"',
      },
    },
    {
      name: 'cannot set the time of its arrival',
      sent: { atMs: 5 },
      expected: { ...SILENT, notUnderstood: 'atMs: there is no such field' },
    },
  ])('$name', ({ sent, expected }) => {
    expect(readPersonsSignal(sent, AT)).toEqual(expected);
  });

  test('never throws, and always has a reason, a person and its own time', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (sent) =>
        expect(readPersonsSignal(sent, AT)).toMatchObject({
          reason: expect.any(String),
          by: expect.any(String),
          atMs: AT,
        }),
      ),
    );
  });
});

const asked = (sent: unknown) => windowOf(readPersonsSignal(sent, AT));

describe('a window that is asked for', () => {
  test('lasts as long as was said', () => {
    expect(asked({ for: '7d', by: 'ann', reason: 'CHG0042' })).toEqual({
      fromMs: AT,
      untilMs: AT + 604_800_000,
      by: 'ann',
      reason: 'CHG0042',
    });
    expect(asked({ for: '1s', despiteFreeze: true })).toMatchObject({ despiteFreeze: true });
  });

  test.each<[unknown, string]>([
    [undefined, 'for: write how long it is to be open, such as 10h'],
    [{ for: 'long' }, 'for: write a duration like 30m, not "long"'],
    [{ for: '0s' }, 'for: write more than 0s'],
    [{ for: '7d1s' }, 'for: write at most 7d, not 7d 1s'],
    [{ for: '10h', untill: 'noon' }, 'untill: there is no such field'],
    [{ for: '10h', despiteFreeze: 'yes' }, 'despiteFreeze: write true or false, not "yes"'],
  ])('is none by %j', (sent, flaw) => {
    expect(asked(sent)).toEqual({ flaw });
  });
});
