import { setTimeout as sleep } from 'node:timers/promises';
import {
  CLUSTER_PROCESSES,
  type Cluster,
  type ClusterOptions,
  type ClusterProcess,
} from './contract.ts';
import { startGuard, type Guard } from './guard.ts';
import { releaseLeases } from './machine.ts';
import { isFree } from './ports.ts';
import { prepare } from './prepare.ts';
import { manageProcess, type ManagedProcess } from './process.ts';
import { reviver } from './revive.ts';
import { clusterSpecs, webUiSpec, type SpecFacts } from './specs.ts';

type Processes = Readonly<Record<ClusterProcess, ManagedProcess>>;

const ATTEMPTS = 3;

/**
 * Brings up one cluster and resolves when every part of it serves; on failure and on abort nothing is left running.
 * A port that somebody took between our choice and our start is replaced, unless the caller demanded it.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  await demandFree(options.uiPort);
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

async function demandFree(port: number | undefined): Promise<void> {
  if (port === undefined || (await isFree(port))) return;
  throw new Error(
    `port ${port} of 127.0.0.1 is in use: end what listens there, or choose another with --ui-port`,
  );
}

async function startOnce(options: ClusterOptions): Promise<Cluster> {
  const startedAt = performance.now();
  const facts = await prepare(options);
  const guard = startGuard();
  const death = Promise.withResolvers<string>();
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const start = async (name: ClusterProcess): Promise<void> => {
    const from = performance.now();
    if (name === 'kwok') await releaseLeases(facts.cluster);
    await processes[name].start(signal);
    options.log(`${name} is ready after ${seconds(from)}`);
  };
  const revive = reviver({ start, log: options.log, signal });
  const onDeath = async (name: ClusterProcess, line: string): Promise<void> => {
    const lost = await revive(name, line);
    if (lost !== undefined) death.resolve(lost);
  };
  const processes = manageAll(facts.specs, guard, (name, line) => void onDeath(name, line));
  const uiSpec = webUiSpec(facts.specs);
  const webUi = uiSpec && manageProcess(uiSpec, { guard, onDeath: options.log });

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    ending.abort(new Error('the cluster is being stopped'));
    stopping ??= Promise.all([stopAll(processes), webUi?.stop()])
      .then(() => undefined)
      .finally(() => guard.close());
    return stopping;
  };
  try {
    await startAll(start);
    await webUi?.start(signal);
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
    start,
    kill: (name) => processes[name].kill(),
    freeze: (name) => processes[name].freeze(),
    thaw: (name) => processes[name].thaw(),
    async restart(name, { downMs = 0 } = {}) {
      await processes[name].kill();
      await sleep(downMs, undefined, { signal });
      await start(name);
    },
    stop,
  };
}

function manageAll(
  facts: SpecFacts,
  guard: Guard,
  onDeath: (name: ClusterProcess, line: string) => void,
): Processes {
  const specs = clusterSpecs(facts);
  const manage = (name: ClusterProcess): ManagedProcess =>
    manageProcess(specs[name], { guard, onDeath: (line) => onDeath(name, line) });
  return Object.fromEntries(CLUSTER_PROCESSES.map((name) => [name, manage(name)])) as Processes;
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
async function stopAll(processes: Processes): Promise<void> {
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
