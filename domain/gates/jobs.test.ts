import { describe, expect, test } from '@jest/globals';
import { aPod } from '../a-pod.fixture.ts';
import type { PodFacts } from '../pod-verdict.ts';
import { jobs } from './jobs.ts';
import { judged } from './judged.fixture.ts';
import type { ObjectAnswer } from './outside-gate.ts';

const MADE = '2026-11-23T21:00:00Z';
const STARTED = '2026-11-23T21:00:07Z';

const aJob = (name: string, status?: object, spec: object = {}) => ({
  metadata: { namespace: 'ops', name, creationTimestamp: MADE },
  spec,
  status,
});
const condition = (type: string, status = 'True') => ({ conditions: [{ type, status }] });
const found = (...objects: unknown[]): ObjectAnswer => ({ kind: 'found', objects });

const anywhere = (...objects: ObjectAnswer[]) =>
  judged(
    jobs,
    objects.map(() => 'app=backup'),
    { objects },
  );
const onNode = (answer: ObjectAnswer, ...pods: PodFacts[]) =>
  judged(jobs, [{ selector: 'app=backup', where: 'node' }], { objects: [answer], pods });

describe('a Job', () => {
  test.each<{ name: string; status?: object; spec?: object; runs: boolean }>([
    { name: 'runs with a pod', status: { startTime: STARTED, active: 1 }, runs: true },
    {
      name: 'runs between two pods: one has failed, and the next is not there yet',
      status: { startTime: STARTED, failed: 1 },
      runs: true,
    },
    { name: 'is finished when it is complete', status: condition('Complete'), runs: false },
    { name: 'is finished when it has failed', status: condition('Failed'), runs: false },
    {
      name: 'runs while its last pods stop, whatever comes of it',
      status: { startTime: STARTED, active: 1, ...condition('FailureTarget') },
      runs: true,
    },
    {
      name: 'runs with a condition that does not hold',
      status: { startTime: STARTED, ...condition('Failed', 'False') },
      runs: true,
    },
    { name: 'does not run while it is suspended', spec: { suspend: true }, runs: false },
    {
      name: 'runs until the last pod has stopped that it had when it was suspended',
      status: { startTime: STARTED, active: 2 },
      spec: { suspend: true },
      runs: true,
    },
  ])('$name', ({ status, spec, runs }) => {
    expect(anywhere(found(aJob('backup', status, spec)))).toBe(
      runs ? `running: ops/backup since ${STARTED}` : undefined,
    );
  });

  test('that was just made is about to run, and is told with the time it was made', () => {
    expect(anywhere(found(aJob('backup')))).toBe(`running: ops/backup since ${MADE}`);
  });
});

describe('where: node', () => {
  const owner = { kind: 'Job', name: 'backup' };
  test.each<[name: string, pod: Partial<PodFacts>, closed: boolean]>([
    ['is a Job with a pod on the node', { namespace: 'ops', owner }, true],
    ['is not one whose pod has finished', { namespace: 'ops', owner, finished: true }, false],
    ['is not one of another namespace', { owner }, false],
    ['is not one of another name', { namespace: 'ops', owner: { ...owner, name: 'else' } }, false],
    [
      'is nothing else of that name',
      { namespace: 'ops', owner: { ...owner, kind: 'ReplicaSet' } },
      false,
    ],
  ])('%s', (_, pod, closed) => {
    const answer = found(aJob('backup', { active: 1 }));
    expect(onNode(answer, aPod('backup-x7k2p', pod))).toBe(
      closed ? `running: ops/backup since ${MADE}` : undefined,
    );
  });

  test('asks for the pods of the node, as nothing else here does', () => {
    const rule = { selector: 'app=backup', where: 'cluster' } as const;
    expect(jobs.questions([rule])).toMatchObject({ pods: false });
    expect(jobs.questions([rule, { ...rule, where: 'node' }])).toMatchObject({ pods: true });
  });
});

describe('the reason', () => {
  test('names each Job once, in a stable order, and of many the first few', () => {
    const some = found(...['f', 'b', 'e', 'a'].map((name) => aJob(name)));
    const others = found(...['d', 'c', 'a'].map((name) => aJob(name)));
    const named = ['a', 'b', 'c', 'd', 'e'].map((name) => `ops/${name} since ${MADE}`);
    expect(anywhere(some, others)).toBe(`running: ${named.join(', ')} and others`);
  });

  test.each<[name: string, answer: ObjectAnswer, expected: string]>([
    [
      'may not be listed',
      { kind: 'unknown', because: 'listing jobs: it is forbidden' },
      'the Jobs cannot be listed: listing jobs: it is forbidden',
    ],
    [
      'are unknown to the API server',
      { kind: 'missing' },
      'the Jobs cannot be listed: the API server has none',
    ],
    ['are of another form', found({ metadata: { name: 'backup' } }), 'the Jobs cannot be read'],
  ])('is told, and the gate closed, where Jobs %s', (_, answer, expected) => {
    expect(anywhere(answer)).toBe(expected);
    const running = found(aJob('etl'));
    expect(anywhere(answer, running, answer)).toBe(`running: ops/etl since ${MADE}; ${expected}`);
  });
});

test('each rule asks for its own Jobs', () => {
  const rules = jobs.key.parse([
    'app=backup',
    { selector: 'app=etl', namespace: 'data', where: 'node' },
  ]);
  const list = { group: 'batch', version: 'v1', resource: 'jobs', verb: 'list' };
  expect(jobs.questions(rules ?? [])).toEqual({
    pods: true,
    objects: [
      { ...list, selector: 'app=backup' },
      { ...list, selector: 'app=etl', namespace: 'data' },
    ],
  });
});
