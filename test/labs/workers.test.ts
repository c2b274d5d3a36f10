import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { pollersOf } from '../../cli/doctor/pollers.ts';
import { rolloutId, SEARCH_ATTRIBUTES, TASK_QUEUE } from '../../domain/names.ts';
import { EncryptionCodec } from '../../worker/encryption/codec.ts';
import { KeyFile } from '../../worker/encryption/keys.ts';
import { createAuthority } from '../../lab/proxy/authority.ts';
import { startTlsProxy } from '../../lab/proxy/tls-proxy.ts';
import { replaceFile } from '../../lab/fleet/node-files.ts';
import { serveCodec } from '../../worker/encryption/codec-server.ts';
import { failureOf } from './failure-of.ts';
import { clearTextOf } from './clear-text.ts';
import { until } from '../ask.ts';
import { RolloutScene } from './rollout-scene.ts';
import { WorkerScene } from './worker-scene.ts';

const NODES = Array.from({ length: 9 }, (_, index) => `worker-${index + 1}`);
const untouched = new Set(NODES);

/** One that no test has drained yet: it still has the pods that it was given, so that evictions can be forbidden. */
function takeNode(): string {
  const [node] = untouched;
  if (node === undefined) throw new Error('no untouched node is left');
  untouched.delete(node);
  return node;
}

const POOLS = { secret: {}, leaky: { drain: { timeout: '4s' } } } as const;

let scene: RolloutScene;
let workers: WorkerScene;

beforeAll(async () => {
  scene = await RolloutScene.open({ nodes: NODES.length, pools: POOLS });
  workers = new WorkerScene(scene);
  // From here on each test has the workers it starts.
  await scene.lab.worker.stop();
}, 1_800_000);
// A test in which a guarantee was broken fails, whatever it looked at itself.
afterEach(async () => {
  await scene.allowEvictions();
  await workers.stop();
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
});

const boots = (node: string): number => scene.lab.fleet.bootIds(node).length;
const bootsBefore = new Map<string, number>();

async function askForReboot(node: string): Promise<void> {
  bootsBefore.set(node, boots(node));
  await scene.askForReboot(node);
}

async function drainingRollout(node: string): Promise<WorkflowHandle> {
  await scene.forbidEvictions(node);
  await askForReboot(node);
  const rollout = await scene.startByHand(node);
  await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
  return rollout;
}

async function goesThrough(rollout: WorkflowHandle, node: string): Promise<void> {
  await scene.allowEvictions();
  // Of a failed one the words are of more use than that it failed.
  const ended = await scene.result(rollout).catch(() => failureOf(rollout));
  expect(ended).toMatchObject({ outcome: 'rebooted' });
  await scene.lab.fleet.evidence.until(
    node,
    'in service',
    ({ unschedulable, rollout: record }) => !unschedulable && record === undefined,
  );
  expect(boots(node)).toBe((bootsBefore.get(node) ?? 0) + 1);
}

describe('G7: with two workers and no leader, a rollout goes on', () => {
  test('when the node of one of them is rebooted, and it with the node', async () => {
    const node = takeNode();
    const env = { LOCKKEEPER_NODE_ID: node };
    const onNode = await workers.add(env);
    await workers.add();
    const back = Promise.withResolvers<void>();
    scene.lab.fleet.machine(node).carry({
      kill: () => onNode.kill(),
      start: async () => {
        await workers.add(env);
        back.resolve();
      },
    });
    await askForReboot(node);
    await goesThrough(await scene.startByHand(node), node);
    await back.promise;
  });

  test('when the worker that drains is killed', async () => {
    const node = takeNode();
    await Promise.all([workers.add(), workers.add()]);
    const rollout = await drainingRollout(node);
    await (await workers.draining(rollout)).kill();
    await goesThrough(rollout, node);
  });

  test('when both are replaced one by one in mid-drain, as by a rolling update', async () => {
    const node = takeNode();
    const old = await Promise.all([workers.add(), workers.add()]);
    const rollout = await drainingRollout(node);
    await workers.draining(rollout);
    for (const one of old) {
      const [fresh, exitCode] = await Promise.all([workers.add(), one.stop()]);
      expect({ exitCode, complaints: fresh.complaints }).toEqual({ exitCode: 0, complaints: [] });
    }
    await workers.draining(rollout, old);
    await goesThrough(rollout, node);
  });
});

const version = (buildId: string): NodeJS.ProcessEnv => ({
  TEMPORAL_DEPLOYMENT_NAME: 'lockkeeper',
  TEMPORAL_WORKER_BUILD_ID: buildId,
});

const drainOf = async (rollout: WorkflowHandle) => {
  const { raw } = await rollout.describe();
  return raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'drainNode');
};
/** PENDING_ACTIVITY_STATE_SCHEDULED: it waits for a worker. */
const SCHEDULED = 1;

describe('worker versioning', () => {
  const DEPLOYMENT = ['worker', 'deployment'];
  const NAME = ['--deployment-name', 'lockkeeper'];
  const makeCurrent = (...which: readonly string[]): Promise<void> =>
    // A version is known a moment after its first poll.
    until(
      () =>
        workers.temporal(...DEPLOYMENT, 'set-current-version', ...NAME, ...which, '--yes').then(
          () => undefined,
          (error: unknown) => error,
        ),
      (error) => error === undefined,
    ) as Promise<void>;
  afterAll(async () => {
    await makeCurrent('--unversioned', '--ignore-missing-task-queues');
  });

  test('G7: a rollout begun by one release waits while nobody is current, and is finished by the next', async () => {
    const node = takeNode();
    const old = await workers.add(version('0.1.0'));
    await makeCurrent('--build-id', '0.1.0');
    const rollout = await drainingRollout(node);
    await workers.draining(rollout);
    // A Deployment ends the old pods once the new ones are Ready, before a person can say which is current.
    const next = await workers.add(version('0.2.0'));
    expect(await old.stop()).toBe(0);
    await scene.allowEvictions();
    const drain = await until(
      () => drainOf(rollout),
      (found) => Number(found?.state) === SCHEDULED,
    );
    expect(drain?.lastWorkerIdentity).toBe(old.identity);
    // The next one polls and is given nothing: a query, which it would answer at once, waits until it is given up.
    await expect(
      scene.client.withDeadline(Date.now() + 5_000, () => rollout.query('status')),
    ).rejects.toThrow();
    expect(next.lines.filter(({ message }) => message === 'node drained')).toEqual([]);

    await makeCurrent('--build-id', '0.2.0');
    await goesThrough(rollout, node);
    const { raw } = await rollout.describe();
    expect(raw.workflowExecutionInfo?.versioningInfo).toMatchObject({
      deploymentVersion: { deploymentName: 'lockkeeper', buildId: '0.2.0' },
    });
    // As `lockkeeper doctor` sees it.
    expect(await pollersOf(scene.client, Date.now())).toMatchObject({
      workflows: expect.arrayContaining([expect.objectContaining({ version: 'lockkeeper/0.2.0' })]),
      given: ['lockkeeper/0.2.0'],
    });
    const nodes = await scene.client.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: TASK_QUEUE },
    });
    expect(nodes.pollers?.map(({ identity }) => identity)).toContainEqual(
      expect.stringMatching(/^lockkeeper@/),
    );
  });
});

describe('where the worker may not administer search attributes', () => {
  const namespace = 'administered';
  const NOT_THERE = 'search attributes could not be registered; going on without';
  let env: NodeJS.ProcessEnv;
  let close: () => Promise<void>;
  let client: Client;
  beforeAll(async () => {
    const { connection } = scene.client;
    client = new Client({ connection, namespace });
    await workers.temporal('operator', 'namespace', 'create', '--namespace', namespace);
    const authority = await createAuthority('ours');
    const proxy = await startTlsProxy({
      target: scene.lab.cluster.temporalAddress,
      ...(await authority.issue({ name: 'temporal.test' })),
      forbidden: 'temporal.api.operatorservice.v1.OperatorService',
    });
    close = () => proxy.close();
    env = {
      TEMPORAL_ADDRESS: proxy.address,
      TEMPORAL_NAMESPACE: namespace,
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: authority.cert,
      TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
    };
  });
  afterAll(() => close());

  async function rollout(node: string): Promise<WorkflowHandle> {
    await askForReboot(node);
    const args = [{ node }];
    return client.workflow.start('nodeRollout', {
      workflowId: rolloutId(node),
      taskQueue: TASK_QUEUE,
      args,
    });
  }

  test('G8: it says so, and a rollout goes through without them', async () => {
    const worker = await workers.add(env);
    expect(worker.complaints).toEqual([
      expect.objectContaining({ message: NOT_THERE, because: expect.stringMatching(/unauthori/i) }),
    ]);
    const node = takeNode();
    await goesThrough(await rollout(node), node);
  });

  test('it uses those that an administrator has made', async () => {
    for (const name of SEARCH_ATTRIBUTES) {
      const what = ['--namespace', namespace, '--name', name, '--type', 'Keyword'];
      await workers.temporal('operator', 'search-attribute', 'create', ...what);
    }
    const worker = await workers.add(env);
    expect(worker.complaints).toEqual([]);
    const node = takeNode();
    const started = await rollout(node);
    await goesThrough(started, node);
    const { searchAttributes } = await started.describe();
    expect(searchAttributes).toMatchObject({ LockkeeperNode: [node], LockkeeperPhase: ['done'] });
  });
});

const pieces = async (workflowId: string) =>
  clearTextOf(await scene.client.workflow.getHandle(workflowId).fetchHistory());

/** What the temporal CLI shows of a rollout. */
const shown = ({ workflowId }: WorkflowHandle, ...options: readonly string[]) =>
  workers.temporal('workflow', 'show', '-w', workflowId, '--output', 'json', ...options);

describe('with payloads encrypted', () => {
  const REASON = 'confidential maintenance';
  /** What must not be found where Temporal keeps it: words of people, of budgets, of pods. */
  const WORDS = [REASON, 'never-worker', 'pinned/', 'disruption'];
  let keyFile: string;
  let reader: Client;
  let server: Server;
  let endpoint: string;
  const addKey = async (id: string): Promise<void> => {
    const others = await readFile(keyFile, 'utf8').catch(() => '');
    await replaceFile(keyFile, `${id} ${randomBytes(32).toString('base64')}\n${others}`);
  };
  const startSecretly = (node: string): Promise<WorkflowHandle> =>
    reader.workflow.start('nodeRollout', {
      workflowId: rolloutId(node),
      taskQueue: TASK_QUEUE,
      args: [{ node, reason: REASON, requestedBy: 'ann' }],
      staticSummary: REASON,
    });

  beforeAll(async () => {
    const { dir } = scene.lab.cluster;
    keyFile = join(dir, 'keys');
    await addKey('2026-12');
    const bundle = join(dir, 'workflows.js');
    const build = fileURLToPath(new URL('../../worker/build.ts', import.meta.url));
    execFileSync(process.execPath, [build, bundle, '--encrypted']);
    const codec = new EncryptionCodec(new KeyFile(keyFile));
    const { connection } = scene.client;
    reader = new Client({ connection, dataConverter: { payloadCodecs: [codec] } });
    server = await serveCodec(codec, {
      host: '127.0.0.1',
      port: 0,
      allowHosts: [],
      allowOrigins: [],
    });
    endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  test('no history holds clear text, and a key is rotated in mid-rollout', async () => {
    const node = takeNode();
    await scene.moveTo('secret', node);
    await workers.add({ LOCKKEEPER_PAYLOAD_KEY_FILE: keyFile });
    await scene.forbidEvictions(node);
    await askForReboot(node);
    const rollout = await startSecretly(node);
    await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    await rollout.signal('pause', { reason: REASON, by: 'ann' });
    await addKey('2027-01');
    await rollout.signal('resume', { reason: REASON });
    expect(await scene.status(rollout)).toMatchObject({ node });
    const summary = Buffer.from(JSON.stringify(REASON)).toString('base64');
    expect(await shown(rollout)).not.toContain(summary);
    expect(await shown(rollout, '--codec-endpoint', `http://${endpoint}`)).toContain(summary);
    await goesThrough(rollout, node);

    const { keys, text, plain } = await pieces(rollout.workflowId);
    expect(keys).toEqual(['2026-12', '2027-01']);
    const lock = await pieces('pool-lock/secret');
    for (const word of WORDS) expect(`${text}\n${lock.text}`).not.toContain(word);
    // What the SDK notes for itself about an activity that ran in the workflow's own task, and the server about one that
    // was cancelled before it ran.
    const own =
      /^(\{"seq":\d+,"attempt":\d+,"activity_id":"\d+",[^ ]*\}|"ACTIVITY_ID_NOT_STARTED")$/;
    for (const payload of [...plain, ...lock.plain]) expect(payload).toMatch(own);
  });

  test('a rollout whose key is away waits for it', async () => {
    const node = takeNode();
    await scene.moveTo('secret', node);
    const worker = await workers.add({ LOCKKEEPER_PAYLOAD_KEY_FILE: keyFile });
    await scene.forbidEvictions(node);
    await askForReboot(node);
    const rollout = await startSecretly(node);
    await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    const all = await readFile(keyFile, 'utf8');
    await replaceFile(`${keyFile}.before`, all);
    const codec = new EncryptionCodec(new KeyFile(`${keyFile}.before`));
    const { connection } = scene.client;
    const before = new Client({ connection, dataConverter: { payloadCodecs: [codec] } });
    await replaceFile(keyFile, `other ${randomBytes(32).toString('base64')}\n`);
    // Said by somebody who has still the key that the worker has no more.
    await before.workflow.getHandle(rollout.workflowId).signal('pause', { reason: REASON });
    await rollout.signal('resume');
    await until(
      async () => JSON.stringify(worker.lines),
      (said) => said.includes('there is no key with the id'),
    );
    await replaceFile(keyFile, `${all}\n${await readFile(keyFile, 'utf8')}`);
    await goesThrough(rollout, node);
  });

  test('the words of a failure are not in clear text either, but for who has the key', async () => {
    const node = takeNode();
    await scene.moveTo('leaky', node);
    await workers.add({ LOCKKEEPER_PAYLOAD_KEY_FILE: keyFile });
    await scene.forbidEvictions(node);
    await askForReboot(node);
    const rollout = await startSecretly(node);
    const { message } = await failureOf(rollout);
    expect(message).toContain('never-worker');
    const { text } = await pieces(rollout.workflowId);
    for (const word of WORDS) expect(text).not.toContain(word);
    expect(text).toContain('Encoded failure');
  });
});
