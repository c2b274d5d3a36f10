import { describe, expect, test } from '@jest/globals';
import { describeConfig, readConfig } from './config.ts';

test('nothing has to be set', () => {
  expect(readConfig({})).toEqual({
    policyPath: '/etc/lockkeeper/policy.yaml',
    health: { host: '0.0.0.0', port: 8080 },
    pollAgainMs: 60_000,
    logLevel: 'INFO',
    cachedWorkflows: 200,
    encrypted: false,
    own: [],
    secretDirectories: ['/etc/lockkeeper-secrets', '/etc/lockkeeper/secrets'],
    bundlePath: expect.stringMatching(/\/dist\/workflows\.js$/),
  });
});

describe('readConfig', () => {
  test.each([
    {
      name: 'takes every variable it knows, and leaves others to others',
      env: {
        LOCKKEEPER_POLICY: 'p.yaml',
        LOCKKEEPER_HEALTH_ADDRESS: '127.0.0.1:0',
        LOCKKEEPER_TEMPORAL_METRICS: '[::]:9464',
        LOCKKEEPER_POLL_AGAIN: '1m30s',
        LOCKKEEPER_LOG_LEVEL: 'DEBUG',
        LOCKKEEPER_WORKFLOW_BUNDLE: 'w.js',
        LOCKKEEPER_CACHED_WORKFLOWS: '1000',
        LOCKKEEPER_PAYLOAD_KEY_FILE: '/keys',
        LOCKKEEPER_SECRET_DIRS: '/a:/vault/secrets',
        TEMPORAL_DEPLOYMENT_NAME: 'lockkeeper',
        TEMPORAL_WORKER_BUILD_ID: '0.2.0',
        TEMPORAL_ADDRESS: 'x',
        POD_NAME: 'worker-0',
        POD_NAMESPACE: 'ops',
        POD_UID: 'uid',
        LOCKKEEPER_WORKLOAD: 'StatefulSet/worker,Job/uninstall',
      },
      expected: {
        policyPath: 'p.yaml',
        health: { host: '127.0.0.1', port: 0 },
        temporalMetrics: { host: '::', port: 9464 },
        pollAgainMs: 90_000,
        logLevel: 'DEBUG',
        bundlePath: 'w.js',
        cachedWorkflows: 1_000,
        encrypted: true,
        secretDirectories: ['/a', '/vault/secrets'],
        version: { deploymentName: 'lockkeeper', buildId: '0.2.0' },
        pod: { name: 'worker-0', namespace: 'ops', uid: 'uid' },
        own: [
          { namespace: 'ops', kind: 'StatefulSet', name: 'worker' },
          { namespace: 'ops', kind: 'Job', name: 'uninstall' },
        ],
      },
    },
    {
      name: 'takes an IPv6 address out of its brackets',
      env: { LOCKKEEPER_HEALTH_ADDRESS: '[::1]:8080' },
      expected: { health: { host: '::1', port: 8080 } },
    },
  ])('$name', ({ env, expected }) => {
    expect(readConfig(env)).toMatchObject(expected);
  });
});

describe('G9: a bad value is refused with its variable and the rule:', () => {
  const ADDRESS = 'LOCKKEEPER_HEALTH_ADDRESS: write an address like 0.0.0.0:8080';
  const WORKLOAD =
    'LOCKKEEPER_WORKLOAD: write whose pods stay, like Deployment/lockkeeper-worker,Job/lockkeeper-uninstall';
  test.each([
    { name: 'a port alone', env: { LOCKKEEPER_HEALTH_ADDRESS: '8080' }, problems: [ADDRESS] },
    { name: 'no port', env: { LOCKKEEPER_HEALTH_ADDRESS: 'localhost:' }, problems: [ADDRESS] },
    {
      name: 'a port that does not exist',
      env: { LOCKKEEPER_HEALTH_ADDRESS: '0.0.0.0:65536' },
      problems: ['LOCKKEEPER_HEALTH_ADDRESS: write a port of at most 65535'],
    },
    {
      name: 'no room for a single workflow',
      env: { LOCKKEEPER_CACHED_WORKFLOWS: '0' },
      problems: ['LOCKKEEPER_CACHED_WORKFLOWS: write a number like 200'],
    },
    {
      name: 'no kind of workload that it can belong to',
      env: { LOCKKEEPER_WORKLOAD: 'DaemonSet/worker' },
      problems: [WORKLOAD],
    },
    {
      name: 'a list of workloads that does not end',
      env: { LOCKKEEPER_WORKLOAD: 'Deployment/worker,' },
      problems: [WORKLOAD],
    },
    {
      name: 'half a version',
      env: { TEMPORAL_WORKER_BUILD_ID: '0.2.0', TEMPORAL_DEPLOYMENT_NAME: '' },
      problems: ['TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID: set both, or neither'],
    },
    {
      name: 'everything at once',
      env: { LOCKKEEPER_POLL_AGAIN: '30', LOCKKEEPER_LOG_LEVEL: 'loud' },
      problems: [
        'LOCKKEEPER_POLL_AGAIN: write a duration like 30s or 5m',
        'LOCKKEEPER_LOG_LEVEL: Invalid option: expected one of "DEBUG"|"INFO"|"WARN"|"ERROR"',
      ],
    },
  ])('$name', ({ env, problems }) => {
    expect(readConfig(env)).toEqual({ problems });
  });
});

test('each variable is described, with its default as one would write it', () => {
  const lines = describeConfig().split('\n');
  expect(lines).toHaveLength(16);
  expect(lines[0]).toBe(
    '  LOCKKEEPER_POLICY            Path of the policy file; default: /etc/lockkeeper/policy.yaml',
  );
  expect(lines[1]).toMatch(/default: 0\.0\.0\.0:8080$/);
  expect(lines[2]).toMatch(/default: none$/);
  expect(lines[3]).toMatch(/default: 1m$/);
});
