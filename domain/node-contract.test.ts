import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  answers,
  readAnswer,
  readHold,
  readOrder,
  readQuarantine,
  readReport,
  readRollout,
  rebootRequiredCondition,
  writeAnswer,
  writeOrder,
  writeQuarantine,
  writeRollout,
  type RebootReport,
} from './node-contract.ts';
import { words } from './outside.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z');
const TODAY = '2026-11-23T12:00:00Z';

const word = fc.string().map((text) => words(text));
const instant = fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true });
const instantMs = instant.map((date) => date.getTime());
const READERS = { readOrder, readAnswer, readRollout, readQuarantine };

const order = fc.record({ bootId: word, rollout: word, expiresAtMs: instantMs });
const answer = fc.record({
  bootId: word,
  rollout: word,
  verdict: fc.constantFrom('accepted' as const, 'refused' as const),
  because: word,
  atMs: instantMs,
});
const change = fc.record({ found: fc.option(word), set: word });
const rollout = fc.record(
  {
    workflowId: word,
    runId: word,
    cordonedByUs: fc.boolean(),
    bootIdBefore: word,
    phase: word,
    labels: fc.dictionary(word, change),
  },
  { requiredKeys: ['workflowId', 'runId', 'cordonedByUs', 'bootIdBefore', 'phase'] },
);
const quarantine = fc.record({ bootId: word, because: word, atMs: instantMs });

describe('what one side writes, the other reads back:', () => {
  test.each<[what: string, property: fc.IPropertyWithHooks<[unknown]>]>([
    ['an order', fc.property(order, (value) => same(readOrder(writeOrder(value)), value))],
    ['an answer', fc.property(answer, (value) => same(readAnswer(writeAnswer(value)), value))],
    ['a record', fc.property(rollout, (value) => same(readRollout(writeRollout(value)), value))],
    [
      'a quarantine',
      fc.property(quarantine, (value) => same(readQuarantine(writeQuarantine(value)), value)),
    ],
  ])('%s', (_, property) => fc.assert(property));

  test('the condition of the agent', () => {
    const report = fc.record({
      wants: fc.constantFrom<RebootReport['wants']>('required', 'not-required', 'unknown'),
      message: word,
      heardAtMs: instantMs,
    });
    fc.assert(
      fc.property(report, instantMs, (value, sinceMs) => {
        const condition = rebootRequiredCondition(value, sinceMs);
        const conditions = [{ type: 'Ready', status: 'True' }, condition];
        expect(readReport(conditions)).toEqual({ ...value, sinceMs });
      }),
    );
  });
});

describe.each(Object.entries(READERS))('%s', (_, reader) => {
  test('reads any text without throwing, and never mistakes it for a value', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => json.slice(1)),
    );
    fc.assert(fc.property(text, (any) => expect(reader(any)?.ok).toBe(false)));
  });
});

describe('G4: an unreadable order is never an order:', () => {
  const whole = { bootId: 'b', rollout: 'w/r', expires: TODAY };
  test.each([
    { name: 'no boot id', fields: { bootId: undefined }, because: 'bootId is not a text' },
    { name: 'a number for a boot id', fields: { bootId: 7 }, because: 'bootId is not a text' },
    { name: 'no rollout', fields: { rollout: undefined }, because: 'rollout is not a text' },
    {
      name: 'a boot id of which nobody can see all',
      fields: { bootId: 'b\u200b' },
      because: 'bootId is too long, or has what nobody can see',
    },
    {
      name: 'a rollout without end',
      fields: { rollout: 'x'.repeat(501) },
      because: 'rollout is too long, or has what nobody can see',
    },
    { name: 'no end', fields: { expires: undefined }, because: 'expires is not a text' },
    ...['', 'never', '1', '1-12-2026', 'friday-5', '2026-11-23', '2026-13-01T00:00:00Z'].map(
      (expires) => ({
        name: `an end of "${expires}"`,
        fields: { expires },
        because: 'expires is not an RFC 3339 time',
      }),
    ),
  ])('$name', ({ fields, because }) => {
    expect(readOrder(JSON.stringify({ ...whole, ...fields }))).toEqual({ ok: false, because });
  });
});

test('an answer whose verdict is another word is not read', () => {
  const text = writeAnswer({
    bootId: 'b',
    rollout: 'r',
    verdict: 'accepted',
    because: '',
    atMs: NOON,
  }).replace('accepted', 'Accepted');
  expect(readAnswer(text)).toEqual({ ok: false, because: 'verdict is none of accepted, refused' });
});

test('a record without labels is written as it always was', () => {
  const record = { workflowId: 'w', runId: 'r', cordonedByUs: true, bootIdBefore: 'b', phase: 'p' };
  expect(writeRollout(record)).toBe(JSON.stringify(record));
});

test('G4: an answer is about an order of the same boot and the same run only', () => {
  fc.assert(
    fc.property(answer, order, (given, asked) => {
      const same = given.bootId === asked.bootId && given.rollout === asked.rollout;
      expect(answers(given, asked)).toBe(same);
      expect(answers({ ...given, bootId: asked.bootId, rollout: asked.rollout }, asked)).toBe(true);
      expect(answers({ ...given, bootId: `${asked.bootId}x`, rollout: asked.rollout }, asked)).toBe(
        false,
      );
      expect(answers({ ...given, bootId: asked.bootId, rollout: `${asked.rollout}x` }, asked)).toBe(
        false,
      );
    }),
  );
});

describe('readHold', () => {
  test.each([
    { name: 'no annotation is no hold', text: undefined, expected: undefined },
    {
      name: 'a hold without a word holds all the same',
      text: '',
      expected: { reason: 'no reason given' },
    },
    {
      name: 'a reason holds without end',
      text: ' disk is being replaced ',
      expected: { reason: 'disk is being replaced' },
    },
    {
      name: 'an end may stand before the reason',
      text: `until=${TODAY} year end`,
      expected: { reason: 'year end', untilMs: NOON },
    },
    {
      name: 'an end may stand after the reason, with an offset',
      text: 'year end until=2026-11-23T13:00:00+01:00',
      expected: { reason: 'year end', untilMs: NOON },
    },
    {
      name: 'an end alone is enough',
      text: `until=${TODAY}`,
      expected: { reason: 'no reason given', untilMs: NOON },
    },
    ...['tomorrow', '1-12-2026', '05/12/2026', 'friday-5', '2026', '2026-12-01T00:00:00'].map(
      (until) => ({
        name: `an end of "${until}" could be anything, so it holds without end and says so`,
        text: `until=${until} year end`,
        expected: { reason: `until=${until} year end` },
      }),
    ),
    {
      name: 'a word that merely ends in until= is part of the reason',
      text: `not-until=${TODAY}`,
      expected: { reason: `not-until=${TODAY}` },
    },
  ])('$name', ({ text, expected }) => {
    expect(readHold(text)).toEqual(expected);
  });

  test('any text holds, without throwing', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(readHold(text)?.reason).not.toBe('')));
  });
});

describe('readReport', () => {
  const condition = { type: 'RebootRequired', status: 'True', lastHeartbeatTime: TODAY };
  test.each([
    { name: 'no condition is no report', conditions: [], expected: undefined },
    {
      name: 'conditions of others are not the agent',
      conditions: [{ ...condition, type: 'KernelDeadlock' }],
      expected: undefined,
    },
    {
      name: 'True is required',
      conditions: [{ ...condition, message: 'linux-image' }],
      expected: { wants: 'required', message: 'linux-image', heardAtMs: NOON },
    },
    {
      name: 'False is not required',
      conditions: [{ ...condition, status: 'False' }],
      expected: { wants: 'not-required', message: '', heardAtMs: NOON },
    },
    {
      name: 'any other status is unknown, never required',
      conditions: [{ ...condition, status: 'true' }],
      expected: { wants: 'unknown', message: '', heardAtMs: NOON },
    },
    {
      name: 'the name of a built-in property is unknown too',
      conditions: [{ ...condition, status: 'constructor' }],
      expected: { wants: 'unknown', message: '', heardAtMs: NOON },
    },
    {
      name: 'a report without a time is as old as can be',
      conditions: [{ type: 'RebootRequired', status: 'True' }],
      expected: { wants: 'required', message: '', heardAtMs: 0 },
    },
    {
      name: 'a time that is none is as old as can be',
      conditions: [{ ...condition, lastHeartbeatTime: 'soon' }],
      expected: { wants: 'required', message: '', heardAtMs: 0 },
    },
    {
      name: 'the client library hands times over as dates',
      conditions: [{ ...condition, lastHeartbeatTime: new Date(NOON) }],
      expected: { wants: 'required', message: '', heardAtMs: NOON },
    },
  ])('$name', ({ conditions, expected }) => {
    expect(readReport(conditions)).toEqual(expected);
  });
});

function same(read: unknown, value: unknown): void {
  expect(read).toEqual({ ok: true, value });
}

test('words of others are shown on one line, cut, and steer nothing', () => {
  const bad = `a\r\n\u001b[2J<!channel>\u202e${'x'.repeat(500)}`;
  const good = words(bad);
  const conditions = [{ type: 'RebootRequired', status: 'True', message: bad }];
  expect(readReport(conditions)?.message).toBe(good);
  expect(readHold(bad)?.reason).toBe(good);
  expect(readHold(`${bad.slice(0, 20)} until=${TODAY}`)).toEqual({
    reason: words(bad.slice(0, 20)),
    untilMs: NOON,
  });
  const answer = { bootId: 'b', rollout: 'r', verdict: 'refused', because: bad, at: TODAY };
  expect(readAnswer(JSON.stringify(answer))).toMatchObject({ value: { because: good } });
  const quarantine = { bootId: 'b', because: bad, at: TODAY };
  expect(readQuarantine(JSON.stringify(quarantine))).toMatchObject({ value: { because: good } });
});
