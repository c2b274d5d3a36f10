import { describe, expect, test } from '@jest/globals';
import { ANNOTATION, writeOrder, writeRollout } from './node-contract.ts';
import { nodeFacts, type NodeObject } from './node-facts.ts';

const AT = '2026-11-23T22:00:00Z';
const AT_MS = Date.parse(AT);

test('what is absent is read as the cautious value', () => {
  expect(nodeFacts({})).toEqual({
    name: '',
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
  test.each<{ name: string; node: NodeObject; expected: object }>([
    {
      name: 'takes identity and labels as they are',
      node: { metadata: { name: 'n1', resourceVersion: '7', labels: { pool: 'workers' } } },
      expected: { name: 'n1', resourceVersion: '7', labels: { pool: 'workers' }, deleting: false },
    },
    {
      name: 'sees lifecycle conditions of ours',
      node: { status: { conditions: [{ type: 'Drained', status: 'True', reason: 'Lockkeeper' }] } },
      expected: { marked: true },
    },
    {
      name: 'sees that a node is being deleted',
      node: { metadata: { deletionTimestamp: AT } },
      expected: { deleting: true },
    },
    {
      name: 'sees a cordon',
      node: { spec: { unschedulable: true } },
      expected: { unschedulable: true },
    },
    {
      name: 'keeps everything of every taint, for they are written all together',
      node: {
        metadata: { annotations: { [ANNOTATION.taint]: 'a/waits' } },
        spec: {
          taints: [
            { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
            { key: 'away', effect: 'NoExecute', timeAdded: new Date(AT_MS) },
          ],
        },
      },
      expected: {
        ourTaint: 'a/waits',
        taints: [
          { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
          { key: 'away', effect: 'NoExecute', timeAdded: '2026-11-23T22:00:00.000Z' },
        ],
      },
    },
    {
      name: 'reads the boot id',
      node: { status: { nodeInfo: { bootID: 'boot-1' } } },
      expected: { bootId: 'boot-1' },
    },
    {
      name: 'reads Ready with its times',
      node: { status: { conditions: [{ type: 'DiskPressure', status: 'False' }, ready] } },
      expected: { ready: true, readySinceMs: AT_MS, heartbeatAtMs: AT_MS },
    },

    {
      name: 'takes Ready Unknown for not Ready',
      node: { status: { conditions: [{ ...ready, status: 'Unknown' }] } },
      expected: { ready: false },
    },
    {
      name: 'G3: takes a time that is none for never, so that it confirms nothing',
      node: { status: { conditions: [{ ...ready, lastHeartbeatTime: 'soon' }] } },
      expected: { heartbeatAtMs: 0 },
    },
    {
      name: "reads the agent's report",
      node: {
        status: {
          conditions: [
            { type: 'RebootRequired', status: 'True', message: 'kernel', lastHeartbeatTime: AT },
          ],
        },
      },
      expected: { report: { wants: 'required', message: 'kernel', heardAtMs: AT_MS } },
    },
    {
      name: 'reads its annotations, and keeps the reason where one cannot be read',
      node: {
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
      expected: {
        order: { ok: true, value: { bootId: 'b', rollout: 'w/r', expiresAtMs: AT_MS } },
        answer: { ok: false, because: 'it is not JSON' },
        rollout: { ok: true, value: { cordonedByUs: false } },
        quarantine: { ok: false, because: 'bootId is not a text' },
        hold: { reason: 'year end' },
      },
    },
  ])('$name', ({ node, expected }) => {
    expect(nodeFacts(node)).toMatchObject(expected);
  });
});

test('lifecycle conditions of others are not ours to take away', () => {
  const conditions = [
    { type: 'Drained', status: 'True', reason: 'StorageOperator' },
    { type: 'Ready', status: 'True', reason: 'Lockkeeper' },
  ];
  expect(nodeFacts({ status: { conditions } })).not.toHaveProperty('marked');
});
