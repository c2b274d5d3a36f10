import { describe, expect, test } from '@jest/globals';
import { ANNOTATION, writeOrder, writeRollout } from './node-contract.ts';
import { nodeFacts, type NodeObject } from './node-facts.ts';

const AT = '2026-11-23T22:00:00Z';
const AT_MS = Date.parse(AT);

test('what is absent is read as the cautious value', () => {
  expect(nodeFacts({})).toEqual({
    name: '',
    uid: '',
    createdAtMs: 0,
    resourceVersion: '',
    labels: {},
    deleting: false,
    unschedulable: false,
    taints: [],
    bootId: '',
    ready: false,
    readySinceMs: 0,
    heartbeatAtMs: 0,
  });
});

describe('nodeFacts', () => {
  const ready = { type: 'Ready', status: 'True', lastHeartbeatTime: AT, lastTransitionTime: AT };
  test.each<[name: string, node: NodeObject, expected: object]>([
    [
      'takes identity and labels as they are',
      { metadata: { name: 'n1', resourceVersion: '7', labels: { pool: 'workers' } } },
      { name: 'n1', resourceVersion: '7', labels: { pool: 'workers' }, deleting: false },
    ],
    [
      'sees lifecycle conditions of ours',
      { status: { conditions: [{ type: 'Drained', status: 'True', reason: 'Lockkeeper' }] } },
      { hasLifecycle: true },
    ],
    [
      'sees that a node is being deleted',
      { metadata: { deletionTimestamp: AT } },
      { deleting: true },
    ],
    ['sees a cordon', { spec: { unschedulable: true } }, { unschedulable: true }],
    [
      'keeps everything of every taint, for they are written all together',
      {
        metadata: { annotations: { [ANNOTATION.taint]: 'a/waits' } },
        spec: {
          taints: [
            { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
            { key: 'away', effect: 'NoExecute', timeAdded: new Date(AT_MS) },
          ],
        },
      },
      {
        ourTaint: 'a/waits',
        taints: [
          { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
          { key: 'away', effect: 'NoExecute', timeAdded: '2026-11-23T22:00:00.000Z' },
        ],
      },
    ],
    ['reads the boot id', { status: { nodeInfo: { bootID: 'boot-1' } } }, { bootId: 'boot-1' }],
    [
      'reads Ready with its times',
      { status: { conditions: [{ type: 'DiskPressure', status: 'False' }, ready] } },
      { ready: true, readySinceMs: AT_MS, heartbeatAtMs: AT_MS },
    ],
    [
      'takes Ready Unknown for not Ready',
      { status: { conditions: [{ ...ready, status: 'Unknown' }] } },
      { ready: false },
    ],
    [
      'G3: takes a time that is none for never, so that it confirms nothing',
      { status: { conditions: [{ ...ready, lastHeartbeatTime: 'soon' }] } },
      { heartbeatAtMs: 0 },
    ],
    [
      "reads the agent's report",
      {
        status: {
          conditions: [
            { type: 'RebootRequired', status: 'True', message: 'kernel', lastHeartbeatTime: AT },
          ],
        },
      },
      { report: { wants: 'required', message: 'kernel', heardAtMs: AT_MS } },
    ],
    [
      'reads its annotations, and keeps the reason where one cannot be read',
      {
        metadata: {
          annotations: {
            [ANNOTATION.order]: writeOrder({ bootId: 'b', rollout: 'w/r', expiresAtMs: AT_MS }),
            [ANNOTATION.answer]: '{',
            [ANNOTATION.rollout]: writeRollout({
              workflowId: 'w',
              runId: 'r',
              cordonedByUs: false,
              bootIdBefore: 'b',
              phase: 'draining',
            }),
            [ANNOTATION.quarantine]: '{}',
            [ANNOTATION.hold]: 'year end',
            'example.org/other': 'x',
          },
        },
      },
      {
        order: { ok: true, value: { bootId: 'b', rollout: 'w/r', expiresAtMs: AT_MS } },
        answer: { ok: false, because: 'it is not JSON' },
        rollout: { ok: true, value: { cordonedByUs: false } },
        quarantine: { ok: false, because: 'bootId is not a text' },
        hold: { reason: 'year end' },
      },
    ],
  ])('%s', (_, node, expected) => {
    expect(nodeFacts(node)).toMatchObject(expected);
  });
});

test('lifecycle conditions of others are not ours to take away', () => {
  const conditions = [
    { type: 'Drained', status: 'True', reason: 'StorageOperator' },
    { type: 'Ready', status: 'True', reason: 'Lockkeeper' },
  ];
  expect(nodeFacts({ status: { conditions } })).not.toHaveProperty('hasLifecycle');
});
