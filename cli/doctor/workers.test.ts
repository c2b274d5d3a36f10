import { describe, expect, test } from '@jest/globals';
import type { V1Pod } from '@kubernetes/client-node';
import type { WorkerFound } from './cluster.ts';
import { judgePods, judgePollers, judgeSchedule } from './workers.ts';

const poller = (identity: string, version?: string) => ({
  identity,
  heardMs: 0,
  ...(version !== undefined && { version }),
});

describe('who polls', () => {
  test('is counted and named', () => {
    const both = [poller('a'), poller('b')];
    expect(judgePollers({ workflows: both, activities: both, given: [] })).toEqual([
      { verdict: 'good', says: '2 workers: a, b' },
    ]);
  });

  test('nobody: nothing goes on', () => {
    expect(judgePollers({ workflows: [], activities: [], given: [] })).toMatchObject([
      { verdict: 'bad', says: expect.stringContaining('no worker asks for work') },
    ]);
  });

  test('nobody for activities is bad, too', () => {
    expect(judgePollers({ workflows: [poller('a')], activities: [], given: [] })).toMatchObject([
      { verdict: 'good' },
      { verdict: 'bad', says: 'no worker asks for activities' },
    ]);
  });

  test('several versions side by side are told of', () => {
    const workflows = [
      poller('a', 'lockkeeper/0.1.0'),
      poller('b', 'lockkeeper/0.2.0'),
      poller('c'),
    ];
    expect(
      judgePollers({ workflows, activities: workflows, given: ['lockkeeper/0.2.0'] }),
    ).toMatchObject([
      { verdict: 'good' },
      {
        verdict: 'warning',
        says: 'they are of several versions: lockkeeper/0.1.0, lockkeeper/0.2.0, no version',
      },
    ]);
  });

  test.each<[string, string | undefined, readonly string[], string]>([
    ['of the current version', 'lockkeeper/0.1.0', ['lockkeeper/0.1.0'], ''],
    ['without one where there is none', undefined, [], ''],
    ['of a version where none is current', 'lockkeeper/0.1.0', [], 'workers without a version'],
    ['without one where one is current', undefined, ['lockkeeper/0.1.0'], 'lockkeeper/0.1.0'],
    ['of another version', 'lockkeeper/0.1.0', ['lockkeeper/0.2.0'], 'lockkeeper/0.2.0'],
  ])('%s', (_, version, given, others) => {
    const workflows = [poller('a', version)];
    const [, said] = judgePollers({ workflows, activities: workflows, given });
    if (others === '') expect(said).toBeUndefined();
    else {
      expect(said?.verdict).toBe('bad');
      expect(said?.says).toContain(`work is given to ${others} only`);
      expect(said?.mend).toContain('set-current-version');
    }
  });
});

const pod = (ready: boolean, status: object = {}): V1Pod => ({
  metadata: { name: 'lockkeeper-worker-0' },
  spec: { nodeName: 'n1', containers: [] },
  status: { ...status, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const worker: WorkerFound = { kind: 'StatefulSet', name: 'lockkeeper-worker', replicas: 1 };

const judge = (pods: V1Pod[], found: WorkerFound | undefined = worker, isPolled = false) =>
  judgePods(
    { workerPods: pods, agentPods: [], ...(found && { worker: found }) },
    { namespace: 'ops', isPolled },
  );

describe('the pods of the worker', () => {
  test('are well with the node they are on', () => {
    expect(judge([pod(true)])).toEqual([{ verdict: 'good', says: 'lockkeeper-worker-0 on n1' }]);
  });

  test('that are not ready say what keeps them', () => {
    const waiting = { state: { waiting: { reason: 'ImagePullBackOff' } } };
    const one = {
      ...waiting,
      name: 'worker',
      image: '',
      imageID: '',
      ready: false,
      restartCount: 0,
    };
    expect(judge([pod(false, { containerStatuses: [one] })])).toMatchObject([
      {
        verdict: 'bad',
        says: '0 of 1 pod ready (lockkeeper-worker-0: worker ImagePullBackOff)',
        mend: expect.stringContaining('kubectl -n ops describe pods'),
      },
    ]);
    expect(
      judge([pod(false, { phase: 'Pending' }), pod(true)], { ...worker, replicas: 2 }),
    ).toMatchObject([
      { verdict: 'warning', says: '1 of 2 pods ready (lockkeeper-worker-0: Pending)' },
    ]);
  });

  test('one that is being deleted is not ready', () => {
    const going = pod(true);
    going.metadata = { name: 'x', deletionTimestamp: new Date(0) };
    expect(judge([going])).toMatchObject([{ verdict: 'bad' }]);
  });

  test('none, on purpose or because nothing is installed there', () => {
    expect(judge([], { ...worker, replicas: 0 })).toMatchObject([
      {
        verdict: 'bad',
        mend: expect.stringContaining('scale statefulset/lockkeeper-worker --replicas 1'),
      },
    ]);
    const nothing = { workerPods: [], agentPods: [] };
    expect(judgePods(nothing, { namespace: 'ops', isPolled: false })).toMatchObject([
      { verdict: 'bad', says: 'there is no worker in the namespace ops' },
    ]);
  });

  test('are a warning only where a worker runs elsewhere', () => {
    expect(judge([pod(false)], worker, true)).toMatchObject([{ verdict: 'warning' }]);
  });
});

describe('the schedule', () => {
  const NOW = 1_000_000_000;
  const running = { paused: false, everyMs: 60_000, lastMs: NOW - 30_000 };

  test.each([
    ['scans as it should', running, NOW - 20_000, 'good'],
    ['has just been made', { paused: false, everyMs: 60_000 }, undefined, 'good'],
    ['is missing', undefined, NOW, 'bad'],
    ['is paused', { ...running, paused: true, note: 'change freeze' }, NOW, 'warning'],
    ['begins scans that do not end', running, NOW - 600_000, 'bad'],
    ['has begun none for long', { ...running, lastMs: NOW - 600_000 }, undefined, 'bad'],
  ])('that %s', (_, schedule, scannedMs, verdict) => {
    expect(judgeSchedule(schedule, scannedMs, NOW)).toMatchObject([{ verdict }]);
  });

  test('that is paused says why, and how to go on', () => {
    const [said] = judgeSchedule({ ...running, paused: true, note: 'change freeze' }, NOW, NOW);
    expect(said?.says).toBe('fleet-scan is paused (change freeze): no rollout is begun');
    expect(said?.mend).toContain('temporal schedule toggle --schedule-id fleet-scan --unpause');
  });
});
