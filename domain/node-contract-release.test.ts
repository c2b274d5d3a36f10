import { describe, expect, test } from '@jest/globals';
import {
  ANNOTATION,
  LIFECYCLE_CONDITIONS,
  LIFECYCLE_REASON,
  readAnswer,
  readExcused,
  readOrder,
  readAttempts,
  readQuarantine,
  readReport,
  readRollout,
  rebootRequiredCondition,
  writeAnswer,
  writeExcused,
  writeOrder,
  writeAttempts,
  writeQuarantine,
  writeRollout,
} from './node-contract.ts';

/**
 * What release 0.1.0 reads and writes on a Node. Agents and workers are replaced at different times, and a rollout may begin
 * under one release and end under another: these texts are never edited. A later release adds a file of its own.
 */

const AT = '2026-11-23T12:00:00.000Z';
const atMs = Date.parse(AT);
const BOOT = 'b5f1c3a0-0000-4000-8000-000000000001';
const RUN = 'node-rollout/worker-1/0190f0f0-0000-7000-8000-000000000001';

const ORDER = `{"bootId":"${BOOT}","rollout":"${RUN}","expires":"${AT}"}`;
const ANSWER = `{"bootId":"${BOOT}","rollout":"${RUN}","verdict":"accepted","because":"it is for this boot and in time","at":"${AT}"}`;
const REFUSAL = `{"bootId":"","rollout":"","verdict":"refused","because":"the order cannot be read: it is not JSON","at":"${AT}"}`;
const ROLLOUT = `{"workflowId":"node-rollout/worker-1","runId":"r1","cordonedByUs":true,"bootIdBefore":"${BOOT}","phase":"draining"}`;
const QUARANTINE = `{"bootId":"${BOOT}","because":"the sentinel survived the reboot","at":"${AT}"}`;
const EXCUSED = AT;
const PAST = `{"reboots":["${AT}"],"failed":2,"lastAt":"${AT}","because":"aborted","trouble":"no answer","troubleAt":"${AT}"}`;

const order = { bootId: BOOT, rollout: RUN, expiresAtMs: atMs };
const answer = {
  bootId: BOOT,
  rollout: RUN,
  verdict: 'accepted',
  because: 'it is for this boot and in time',
  atMs,
} as const;
const refusal = {
  bootId: '',
  rollout: '',
  verdict: 'refused',
  because: 'the order cannot be read: it is not JSON',
  atMs,
} as const;
const rollout = {
  workflowId: 'node-rollout/worker-1',
  runId: 'r1',
  cordonedByUs: true,
  bootIdBefore: BOOT,
  phase: 'draining',
};
const quarantine = { bootId: BOOT, because: 'the sentinel survived the reboot', atMs };
const attempts = {
  reboots: [atMs],
  failed: { count: 2, lastAtMs: atMs, because: 'aborted' },
  trouble: { because: 'no answer', atMs },
};

test('everything stands where 0.1.0 looks for it', () => {
  expect(ANNOTATION).toEqual({
    order: 'lockkeeper.io/reboot-order',
    answer: 'lockkeeper.io/reboot-answer',
    rollout: 'lockkeeper.io/rollout',
    quarantine: 'lockkeeper.io/quarantine',
    taint: 'lockkeeper.io/taint',
    attempts: 'lockkeeper.io/attempts',
    excused: 'lockkeeper.io/excused',
    hold: 'lockkeeper.io/hold',
  });
  expect(LIFECYCLE_CONDITIONS).toEqual([
    'MaintenancePlanned',
    'DrainInProgress',
    'Drained',
    'MaintenanceInProgress',
  ]);
  expect(LIFECYCLE_REASON).toBe('Lockkeeper');
});

describe('what 0.1.0 has written is read', () => {
  test.each([
    { what: 'an order', read: readOrder, text: ORDER, value: order },
    { what: 'an answer', read: readAnswer, text: ANSWER, value: answer },
    { what: 'a refusal', read: readAnswer, text: REFUSAL, value: refusal },
    { what: 'the record of a rollout', read: readRollout, text: ROLLOUT, value: rollout },
    { what: 'a quarantine', read: readQuarantine, text: QUARANTINE, value: quarantine },
  ])('$what', ({ read, text, value }) => {
    expect(read(text)).toEqual({ ok: true, value });
  });

  test('the past', () => {
    expect(readAttempts(PAST)).toEqual(attempts);
  });

  test('an excuse', () => {
    expect(readExcused(EXCUSED)).toBe(atMs);
  });

  test('the report of an agent', () => {
    const condition = {
      type: 'RebootRequired',
      status: 'True',
      reason: 'SentinelPresent',
      message: 'libc6',
      lastHeartbeatTime: '2026-11-23T12:00:00Z',
      lastTransitionTime: '2026-11-23T11:00:00Z',
    };
    expect(readReport([condition])).toEqual({
      wants: 'required',
      message: 'libc6',
      heardAtMs: atMs,
      sinceMs: atMs - 3_600_000,
    });
  });
});

/** 0.1.0 refuses a record that lacks a field or has another type there, and passes over fields it does not know. */
function expectReadable(written: string, text: string): void {
  expect(JSON.parse(written)).toMatchObject(JSON.parse(text) as object);
}

describe('what is written now has every field that 0.1.0 reads', () => {
  test('an excuse', () => {
    expect(writeExcused(atMs)).toBe(EXCUSED);
  });

  test.each([
    { what: 'an order', written: writeOrder(order), text: ORDER },
    { what: 'an answer', written: writeAnswer(answer), text: ANSWER },
    { what: 'a refusal', written: writeAnswer(refusal), text: REFUSAL },
    { what: 'the record of a rollout', written: writeRollout(rollout), text: ROLLOUT },
    { what: 'a quarantine', written: writeQuarantine(quarantine), text: QUARANTINE },
    { what: 'the past', written: writeAttempts(attempts) ?? '', text: PAST },
  ])('$what', ({ written, text }) => {
    expectReadable(written, text);
  });

  test.each([
    { wants: 'required', status: 'True', reason: 'SentinelPresent' },
    { wants: 'not-required', status: 'False', reason: 'SentinelAbsent' },
    { wants: 'unknown', status: 'Unknown', reason: 'SentinelCheckFailed' },
  ] as const)('the report of an agent: $wants', ({ wants, status, reason }) => {
    const report = { wants, message: 'libc6', heardAtMs: atMs };
    expect(rebootRequiredCondition(report, atMs)).toMatchObject({
      type: 'RebootRequired',
      status,
      reason,
      message: 'libc6',
      lastHeartbeatTime: AT,
      lastTransitionTime: AT,
    });
  });
});

test('fields that a later release adds are passed over', () => {
  const later = ORDER.replace('}', ',"added":{"later":true}}');
  expect(readOrder(later)).toEqual({ ok: true, value: order });
});
