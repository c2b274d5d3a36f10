import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, ClusterFacts, ClusterOptions, ClusterProcess } from './contract.ts';
import { writeCredentials } from './credentials.ts';
import { startGuard } from './guard.ts';
import { freePorts, isFree } from './ports.ts';
import { manageProcess, type ManagedProcess } from './process.ts';
import { clusterSpecs, PORT_NAMES, type Ports, type SpecFacts } from './specs.ts';

const ATTEMPTS = 3;

/**
 * Brings up one cluster and resolves when every part of it serves; on failure and on abort nothing is left running.
 * A port that somebody took between our choice and our start is replaced, unless the caller demanded it.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  await demandFree('--ui-port', options.uiPort);
  await demandFree('--temporal-port', options.temporalPort);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      const portTaken = /address already in use|bind: /.test(String(error));
      if (!portTaken || attempt === ATTEMPTS || options.signal.aborted) throw error;
      options.log('a port was taken while the cluster started; trying again with others');
    }
  }
}

async function demandFree(flag: string, port: number | undefined): Promise<void> {
  if (port === undefined || (await isFree(port))) return;
  throw new Error(
    `port ${port} of 127.0.0.1 is in use: end what listens there, or choose another with ${flag}`,
  );
}

async function startOnce(options: ClusterOptions): Promise<Cluster> {
  const startedAt = performance.now();
  const facts = await prepare(options);
  const guard = startGuard();
  const death = Promise.withResolvers<string>();
  const specs = clusterSpecs(facts.specs);
  const processes = Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [
      name,
      manageProcess(spec, { guard, onDeath: death.resolve }),
    ]),
  ) as Record<ClusterProcess, ManagedProcess>;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    ending.abort(new Error('the cluster is being stopped'));
    stopping ??= stopAll(processes).finally(() => guard.close());
    return stopping;
  };
  const start = async (name: ClusterProcess): Promise<void> => {
    const from = performance.now();
    await processes[name].start(signal);
    options.log(`${name} is ready after ${seconds(from)}`);
  };
  try {
    await startAll(start);
  } catch (error) {
    await stop();
    throw error;
  }
  // Without this, an abort after the start would end nothing until somebody called stop.
  options.signal.addEventListener('abort', () => void stop(), { once: true });
  options.log(`the cluster is up after ${seconds(startedAt)}`);
  return {
    ...facts.cluster,
    died: death.promise,
    start: (name) => processes[name].start(signal),
    kill: (name) => processes[name].kill(),
    freeze: (name) => processes[name].freeze(),
    thaw: (name) => processes[name].thaw(),
    async restart(name, { downMs = 0 } = {}) {
      await processes[name].kill();
      await sleep(downMs, undefined, { signal });
      await processes[name].start(signal);
    },
    stop,
  };
}

async function prepare(
  options: ClusterOptions,
): Promise<{ cluster: ClusterFacts; specs: SpecFacts }> {
  const dir = resolve(options.dir);
  const logsDir = join(dir, 'logs');
  await mkdir(logsDir, { recursive: true });
  const ports = await choosePorts(options);
  const apiServerUrl = `https://127.0.0.1:${ports.apiserver}`;
  const credentials = await writeCredentials(dir, apiServerUrl);
  const auditPath = join(dir, 'audit.jsonl');
  const ui = options.ui ?? true;
  return {
    specs: {
      dir,
      logsDir,
      auditPath,
      ports,
      credentials,
      ui,
      tools: options.tools,
      temporalDb: options.temporalDb ?? 'file',
    },
    cluster: {
      dir,
      logsDir,
      auditPath,
      apiServerUrl,
      kubeconfigPath: credentials.kubeconfigs.admin,
      caPath: credentials.caPath,
      adminToken: credentials.tokens.admin,
      kubeletToken: credentials.tokens.kubelet,
      temporalAddress: `127.0.0.1:${ports.temporal}`,
      temporalNamespace: 'default',
      ...(ui ? { webUiUrl: `http://127.0.0.1:${ports.temporalUi}` } : {}),
    },
  };
}

async function choosePorts(options: ClusterOptions): Promise<Ports> {
  const chosen = await freePorts(PORT_NAMES.length);
  const ports = Object.fromEntries(
    PORT_NAMES.map((name, index) => [name, chosen[index]]),
  ) as unknown as Record<keyof Ports, number>;
  if (options.uiPort !== undefined) ports.temporalUi = options.uiPort;
  if (options.temporalPort !== undefined) ports.temporal = options.temporalPort;
  return ports;
}

/** What a process needs is up before it; the rest starts side by side. */
async function startAll(start: (name: ClusterProcess) => Promise<void>): Promise<void> {
  const kubernetes = async (): Promise<void> => {
    await start('etcd');
    await start('kube-apiserver');
    await all([start('kube-controller-manager'), start('kube-scheduler'), start('kwok')]);
  };
  await all([start('temporal'), kubernetes()]);
}

/** As Promise.all, but every start has come to its end before a failure is passed on: nothing starts behind our back. */
async function all(starts: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(starts);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

/** Clients before the API server, the API server before its store. */
async function stopAll(processes: Record<ClusterProcess, ManagedProcess>): Promise<void> {
  await Promise.all([
    processes.kwok.stop(),
    processes['kube-scheduler'].stop(),
    processes['kube-controller-manager'].stop(),
    processes.temporal.stop(),
  ]);
  // It would wait for open watches; all it knows is in etcd.
  await processes['kube-apiserver'].stop(1_000);
  await processes.etcd.stop();
}

function seconds(from: number): string {
  return `${((performance.now() - from) / 1_000).toFixed(1)} s`;
}
