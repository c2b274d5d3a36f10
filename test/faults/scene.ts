import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { stringify } from 'yaml';
import type { z } from 'zod';
import { FLEET_SCAN, lockId, rolloutId } from '../../domain/names.ts';
import type { Policy } from '../../domain/policy.ts';
import type { LockStatus, RolloutStatus } from '../../domain/status.ts';
import type { Cluster } from '../../lab/cluster/contract.ts';
import { embeddedTemporal } from '../../lab/cluster/embedded.ts';
import { startLab, type Lab } from '../../lab/lab.ts';
import { startApiProxy, type ApiProxy } from '../../lab/proxy/api-proxy.ts';
import { startTcpProxy, type TcpProxy } from '../../lab/proxy/tcp-proxy.ts';
import { ensureTools } from '../../lab/tools/ensure.ts';
import { PinnedApps } from '../pinned-apps.ts';
import { statusIn } from '../ask.ts';

const silent = (): void => undefined;
const DOWN_FOR_MS = 1_000;

/** A node with a pool to itself, so that its rollout waits for nobody. */
export interface Place {
  readonly pool: string;
  readonly node: string;
  /** The other node of its pool, where there is one: it is never rolled, and may be cordoned to hold the lock. */
  readonly partner?: string;
}

/** A whole lab whose worker reaches Kubernetes and Temporal through proxies that fail on demand. */
export class MatrixScene {
  readonly lab: Lab;
  readonly client: Client;
  readonly api: ApiProxy;
  readonly temporal: TcpProxy;
  readonly apps: PinnedApps;
  private readonly connection: Connection;

  constructor(lab: Lab, connection: Connection, proxies: Proxies) {
    this.lab = lab;
    this.connection = connection;
    this.client = new Client({ connection });
    this.api = proxies.api;
    this.temporal = proxies.temporal;
    this.apps = new PinnedApps(lab.fleet.kube);
  }

  static async open(places: readonly Place[]): Promise<MatrixScene> {
    const proxies: Partial<Proxies> = {};
    try {
      return await openScene(places, proxies);
    } catch (error) {
      await closeProxies(proxies);
      throw error;
    }
  }

  /** The directory with everything the lab wrote stays when it is `kept`. */
  async close({ kept }: { kept: boolean }): Promise<void> {
    await this.connection.close();
    await this.lab.stop();
    await closeProxies(this);
    const { dir } = this.lab.cluster;
    if (kept) process.stderr.write(`everything the lab wrote is in ${dir}\n`);
    else await rm(dir, { recursive: true, force: true });
  }

  rollout(node: string): WorkflowHandle {
    return this.client.workflow.getHandle(rolloutId(node));
  }

  lock(pool: string): WorkflowHandle {
    return this.client.workflow.getHandle(lockId(pool));
  }

  rolloutStatus(node: string): Promise<RolloutStatus> {
    return statusIn<RolloutStatus>(this.rollout(node));
  }

  /** Undefined when no lock is running: then nobody has a permit. */
  async lockStatus(pool: string): Promise<LockStatus | undefined> {
    const lock = this.lock(pool);
    return (await isOpen(lock)) ? await statusIn<LockStatus>(lock) : undefined;
  }

  /** As the schedule does each minute. */
  scan(): Promise<void> {
    return this.client.schedule.getHandle(FLEET_SCAN).trigger();
  }

  patchNode(node: string, patch: unknown): Promise<unknown> {
    return this.lab.fleet.kube.patch(`/api/v1/nodes/${node}`, 'merge', patch);
  }

  /** Lets the node ask for a reboot, and waits until its agent has said so. */
  async askForReboot(node: string): Promise<void> {
    await this.lab.fleet.machine(node).requireReboot(['libc6']);
    await this.lab.fleet.evidence.until(
      node,
      'asking for a reboot',
      ({ report }) => report?.wants === 'required',
    );
  }
}

interface Proxies {
  readonly api: ApiProxy;
  readonly temporal: TcpProxy;
}

async function openScene(
  places: readonly Place[],
  proxies: Partial<Proxies>,
): Promise<MatrixScene> {
  const { signal } = new AbortController();
  const lab = await startLab({
    dir: await mkdtemp(join(tmpdir(), 'lockkeeper-matrix-test-')),
    tools: await ensureTools({ log: silent, signal }),
    nodes: places.reduce((sum, { partner }) => sum + (partner === undefined ? 1 : 2), 0),
    podsPerNode: 'none',
    downForMs: DOWN_FOR_MS,
    policy: policyOf(places),
    // The server is that of the chart; it is struck by the faults alone.
    embedded: await embeddedTemporal({ log: silent, signal }),
    apart: true,
    async workerBy(cluster) {
      const { api, temporal } = Object.assign(proxies, await openProxies(cluster));
      return { apiServerUrl: api.url, temporalAddress: temporal.address };
    },
    log: silent,
    signal,
  });
  const { api, temporal } = proxies;
  if (!api || !temporal) throw new Error('the worker was started without its proxies');
  const connection = await Connection.connect({ address: lab.cluster.temporalAddress });
  const scene = new MatrixScene(lab, connection, { api, temporal });
  await scene.apps.start(places.map(({ node }) => node));
  return scene;
}

async function closeProxies({ api, temporal }: Partial<Proxies>): Promise<void> {
  await api?.close();
  await temporal?.close();
}

/** The proxy shows the API server's own certificate, so that the worker verifies it as ever. */
async function openProxies({ apiServerUrl, caPath, temporalAddress }: Cluster): Promise<Proxies> {
  const cert = readFileSync(caPath, 'utf8');
  const key = readFileSync(caPath.replace(/\.crt$/, '.key'), 'utf8');
  return {
    api: await startApiProxy({ target: apiServerUrl, tls: { ca: cert, cert, key } }),
    temporal: await startTcpProxy(temporalAddress),
  };
}

/** Times so long that nothing ends by itself while a fault is prepared. */
function policyOf(places: readonly Place[]): string {
  const policy: z.input<typeof Policy> = {
    scanEvery: '5s',
    pools: places.map(({ pool, node, partner }) => ({
      name: pool,
      nodes: `kubernetes.io/hostname in (${[node, partner].filter(Boolean).join(',')})`,
      maxUnavailable: 1,
      windows: [{ always: true }],
      drain: { timeout: '10m' },
      // A drain that is to stand still is held by a budget that can never be met.
      gates: { budgets: 'ignore' },
      // Each node is rebooted once for every fault.
      reboot: { orderExpires: '5m', returnWithin: '10m', stableFor: '1s', perDay: 100 },
    })),
  };
  return stringify(policy);
}

/** Whether the latest run of this workflow goes on; false when there has never been one. */
async function isOpen(handle: WorkflowHandle): Promise<boolean> {
  try {
    const { status } = await handle.describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

const LOOK_EVERY_MS = 200;

/** Asks until `holds`, trouble included, for at most `withinMs`; the last answer is in the error. */
export async function eventually<T>(
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
  withinMs = 90_000,
): Promise<T> {
  const endMs = Date.now() + withinMs;
  let last = 'nothing';
  while (Date.now() < endMs) {
    try {
      const answer = await ask();
      if (holds(answer)) return answer;
      last = JSON.stringify(answer);
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(`it never came to that; the last answer was ${last}`);
}
