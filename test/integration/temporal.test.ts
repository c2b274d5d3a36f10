import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { bundleWorkflows } from '../../lab/bundle.ts';
import { call } from '../../lab/cluster/http.ts';
import { freePorts } from '../../lab/cluster/ports.ts';
import { createAuthority, type Authority, type Pair } from '../../lab/proxy/authority.ts';
import { startTcpProxy, type TcpProxy } from '../../lab/proxy/tcp-proxy.ts';
import { startTlsProxy } from '../../lab/proxy/tls-proxy.ts';
import { lab } from './lab.ts';
import { WorkerProcess } from './worker-process.ts';

/** No node of the shared cluster is in it. */
const POLICY = 'scanEvery: 12h\npools: [{ name: none, nodes: "temporal-test=none" }]\n';
const HOUR_MS = 3_600_000;
const UNREACHABLE = 'Temporal cannot be reached';

let dir: string;
let bundlePath: string;
let ours: Authority;
let server: Pair;
let connection: Connection;
let namespace: string;
let count = 0;
const open: (TcpProxy | { close(): Promise<unknown> })[] = [];
let worker: WorkerProcess | undefined;
let health: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-temporal-test-'));
  await writeFile(join(dir, 'policy.yaml'), POLICY);
  bundlePath = await bundleWorkflows(dir, new AbortController().signal);
  ours = await createAuthority('ours');
  await writeFile(join(dir, 'ca.pem'), ours.cert);
  server = await ours.issue({ name: 'temporal.test' });
  connection = await Connection.connect({ address: lab().temporalAddress });
});
afterAll(async () => {
  await connection.close();
  await rm(dir, { recursive: true });
});

const createNamespace = async (name: string): Promise<void> => {
  await connection.workflowService.registerNamespace({
    namespace: name,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
};

/** Each test has a namespace of its own, so that no worker finds the schedule of another. */
beforeEach(async () => {
  count += 1;
  namespace = `connections-${count}`;
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  for (const one of open.splice(0)) await one.close();
});

async function start(env: NodeJS.ProcessEnv): Promise<WorkerProcess> {
  const [port] = await freePorts(1);
  health = `http://127.0.0.1:${port}`;
  worker = new WorkerProcess({
    HOME: dir,
    KUBECONFIG: lab().kubeconfigPath,
    LOCKKEEPER_POLICY: join(dir, 'policy.yaml'),
    LOCKKEEPER_HEALTH_ADDRESS: new URL(health).host,
    LOCKKEEPER_WORKFLOW_BUNDLE: bundlePath,
    TEMPORAL_NAMESPACE: namespace,
    ...env,
  });
  return worker;
}

async function mutualTls(): Promise<string> {
  const target = lab().temporalAddress;
  const proxy = await startTlsProxy({ target, ...server, clientCa: ours.cert });
  open.push(proxy);
  return proxy.address;
}

/** What one needs to believe the proxies, which have an address and no name. */
const serverTls = (): NodeJS.ProcessEnv => ({
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(dir, 'ca.pem'),
  TEMPORAL_TLS_SERVER_NAME: 'temporal.test',
});

/** Replaces the worker's certificate, as a mounted Secret is replaced, and names it. */
async function giveCertificate({ cert, key }: Pair): Promise<NodeJS.ProcessEnv> {
  const files = { TEMPORAL_TLS_CLIENT_CERT_PATH: cert, TEMPORAL_TLS_CLIENT_KEY_PATH: key };
  const env = { ...serverTls() };
  for (const [name, text] of Object.entries(files)) {
    const path = join(dir, name);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
    env[name] = path;
  }
  return env;
}

/** That it takes tasks, and has complained of nothing but what is expected. */
async function works(started: WorkerProcess, complaint?: RegExp): Promise<void> {
  await started.says('worker started');
  const others = started.complaints.filter(
    ({ message, because }) => message !== UNREACHABLE || !complaint?.test(because ?? ''),
  );
  expect(others).toEqual([]);
}

describe('a worker', () => {
  test('reaches a Temporal that asks for a certificate', async () => {
    await createNamespace(namespace);
    const address = await mutualTls();
    const env = await giveCertificate(await ours.issue({ name: 'worker' }));
    await works(await start({ TEMPORAL_ADDRESS: address, ...env }));
  });

  test('reaches a Temporal that asks for an API key', async () => {
    await createNamespace(namespace);
    const proxy = await startTlsProxy({
      target: lab().temporalAddress,
      ...server,
      apiKey: 'secret',
    });
    open.push(proxy);
    const env = { TEMPORAL_ADDRESS: proxy.address, ...serverTls() };
    await works(await start({ ...env, TEMPORAL_API_KEY: 'secret' }));
    expect(await worker?.stop()).toBe(0);

    const stranger = await start({ ...env, TEMPORAL_API_KEY: 'wrong' });
    expect(await stranger.says(UNREACHABLE)).toMatchObject({
      because: expect.stringMatching(
        /^it does not know us \(TEMPORAL_API_KEY, or a client certificate\): .*Request unauthorized/,
      ),
      address: proxy.address,
      temporalNamespace: namespace,
      retryMs: 1_000,
    });
    expect(stranger.complaints.map(({ message }) => message)).toEqual([UNREACHABLE]);
  });

  test('makes its namespace where there is none', async () => {
    const started = await start({ TEMPORAL_ADDRESS: lab().temporalAddress });
    expect(await started.says('namespace made')).toMatchObject({ temporalNamespace: namespace });
    await works(started);
  });

  test('is led by a profile of a file, as the temporal CLI is', async () => {
    await createNamespace(namespace);
    const address = await mutualTls();
    const tls = await giveCertificate(await ours.issue({ name: 'worker' }));
    const toml = [
      '[profile.nodes]',
      `address = "${address}"`,
      `namespace = "${namespace}"`,
      '[profile.nodes.tls]',
      `client_cert_path = "${tls['TEMPORAL_TLS_CLIENT_CERT_PATH']}"`,
      `client_key_path = "${tls['TEMPORAL_TLS_CLIENT_KEY_PATH']}"`,
      `server_ca_cert_path = "${tls['TEMPORAL_TLS_SERVER_CA_CERT_PATH']}"`,
      `server_name = "${tls['TEMPORAL_TLS_SERVER_NAME']}"`,
    ];
    const path = join(dir, 'temporal.toml');
    await writeFile(path, toml.join('\n'));
    const env = { TEMPORAL_CONFIG_FILE: path, TEMPORAL_PROFILE: 'nodes', TEMPORAL_NAMESPACE: '' };
    await works(await start(env));
  });
});

describe('G8: what keeps a worker from Temporal is said in one line, and tried again until it is mended:', () => {
  const past = {
    from: new Date(Date.now() - 2 * HOUR_MS),
    until: new Date(Date.now() - HOUR_MS),
  };

  const because = /^it ends the connection: .* a valid client certificate /;
  test.each<{ name: string; wrong: () => Promise<Pair> }>([
    {
      name: 'a certificate that has expired',
      wrong: () => ours.issue({ name: 'worker', ...past }),
    },
    {
      name: 'a certificate of somebody else',
      wrong: async () => (await createAuthority('others')).issue({ name: 'worker' }),
    },
  ])('$name', async ({ wrong }) => {
    await createNamespace(namespace);
    const address = await mutualTls();
    const started = await start({
      TEMPORAL_ADDRESS: address,
      ...(await giveCertificate(await wrong())),
    });
    expect(await started.says(UNREACHABLE)).toMatchObject({
      because: expect.stringMatching(because),
      address,
    });
    await giveCertificate(await ours.issue({ name: 'worker' }));
    await works(started, because);
  });

  test('a namespace that is not there, and that it may not make', async () => {
    const proxy = await startTlsProxy({
      target: lab().temporalAddress,
      ...server,
      forbidden: 'temporal.api.workflowservice.v1.WorkflowService/RegisterNamespace',
    });
    open.push(proxy);
    const started = await start({ TEMPORAL_ADDRESS: proxy.address, ...serverTls() });
    expect(await started.says(UNREACHABLE)).toMatchObject({
      because: expect.stringMatching(
        /^there is no such namespace \(TEMPORAL_NAMESPACE\): it could not be made: .*unauthori.*not found/,
      ),
      temporalNamespace: namespace,
    });
    await createNamespace(namespace);
    await works(started, /^there is no such namespace/);
  });

  test('a Temporal that is down', async () => {
    await createNamespace(namespace);
    const proxy = await startTcpProxy(lab().temporalAddress);
    open.push(proxy);
    proxy.cut();
    const started = await start({ TEMPORAL_ADDRESS: proxy.address });
    const { because: down } = await started.says(UNREACHABLE);
    expect(down).toMatch(/^it ends the connection: /);
    proxy.restore();
    await works(started, /^it ends the connection: /);
  });

  test('nobody there, while it is told to stop', async () => {
    const [port] = await freePorts(1);
    const started = await start({ TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
    const { because: nobody } = await started.says(UNREACHABLE);
    expect(nobody).toMatch(/^nothing listens there: /);
    expect(await started.stop()).toBe(0);
  });
});

/** Until the answer is this one, for as long as the test may take. */
async function probe(path: string, status: number, text: RegExp): Promise<void> {
  const { signal } = new AbortController();
  for (;;) {
    const answer = await call(`${health}${path}`, { signal });
    if (answer.status === status && text.test(answer.text)) return;
    await pause(200);
  }
}
const said = (): readonly string[] => (worker?.lines ?? []).map(({ message }) => message);

describe('the probes of a worker', () => {
  test('G8: of which Temporal is cut off say so, ask for no restart, and are well again by themselves', async () => {
    await createNamespace(namespace);
    const proxy = await startTcpProxy(lab().temporalAddress);
    open.push(proxy);
    const started = await start({ TEMPORAL_ADDRESS: proxy.address });
    await works(started);
    await probe('/readyz', 200, /ok/);
    proxy.cut();
    await probe('/readyz', 503, /^Temporal has not answered for \d+ s: /);
    await probe('/healthz', 200, /ok/);
    proxy.restore();
    await probe('/readyz', 200, /ok/);
    await probe('/healthz', 200, /ok/);
    expect(said()).toContain('Temporal is reached again');
  });

  test('ask for a restart where the connection is dead and a new one, with the certificate of now, would not be', async () => {
    await createNamespace(namespace);
    const target = lab().temporalAddress;
    const proxy = await startTlsProxy({ target, ...server, clientCa: ours.cert });
    open.push(proxy);
    const soon = new Date(Date.now() + 20_000);
    const env = await giveCertificate(await ours.issue({ name: 'worker', until: soon }));
    await works(await start({ TEMPORAL_ADDRESS: proxy.address, ...env }));
    await giveCertificate(await ours.issue({ name: 'worker' }));
    while (Date.now() <= soon.getTime()) await pause(100);
    proxy.cut();
    proxy.restore();
    await probe('/healthz', 503, /^Temporal has not .*; a new connection is answered/);
  }, 180_000);
});

test.each<{ name: string; env: NodeJS.ProcessEnv; because: RegExp }>([
  {
    name: 'a configuration that cannot be read',
    env: { TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere.pem', TEMPORAL_TLS_CLIENT_KEY_PATH: '/x' },
    because: /^the configuration of Temporal cannot be read: ENOENT/,
  },
  {
    name: 'a profile that is not there',
    env: { TEMPORAL_PROFILE: 'nodes' },
    because: /Profile 'nodes' not found/,
  },
  {
    name: 'a codec that would encrypt nothing',
    env: { TEMPORAL_CODEC_ENDPOINT: 'https://codec.example' },
    because: /^TEMPORAL_CODEC_ENDPOINT, .* LOCKKEEPER_PAYLOAD_KEY_FILE/,
  },
])('G9: $name ends the worker with one line and exit code 2', async ({ env, because }) => {
  const started = await start(env);
  expect(await started.exitCode()).toBe(2);
  expect(started.complaints).toEqual([
    expect.objectContaining({ message: 'worker stopped', because: expect.stringMatching(because) }),
  ]);
});
