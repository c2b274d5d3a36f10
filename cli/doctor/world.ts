import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { CheckUp } from '../../activities/check-up.ts';
import { answerOf } from '../../activities/kube/client.ts';
import { listAll } from '../../activities/kube/collection.ts';
import type { Scan } from '../../activities/scan.ts';
import { TASK_QUEUE } from '../../domain/names.ts';
import { nodeFacts, type NodeFacts } from '../../domain/node-facts.ts';
import type { checkUp } from '../../workflows/index.ts';
import type { AccessOptions } from '../access.ts';
import { poolsOf, scheduleOf } from '../status/gather.ts';
import { latestScans } from '../temporal-view.ts';
import type { PoolSeen, Seen } from '../status/seen.ts';
import { CommandFailed } from '../terminal.ts';
import { Away } from './check.ts';
import { openCluster, soon, workloadsIn, type Cluster, type Workloads } from './cluster.ts';
import { policyOfConfigMap, policyOfFile, policyOf, type PolicyFound } from './policy-found.ts';
import type { Policy } from '../../domain/policy.ts';
import { pollersOf, type Pollers } from './pollers.ts';

/** What a check-up has answered, and between which moments of ours. */
export interface CheckedUp {
  readonly answer: CheckUp;
  readonly askedMs: number;
  readonly answeredMs: number;
  /** When Temporal has begun it, by its clock. */
  readonly begunMs: number;
}

interface Parts {
  /** Rejects when Temporal cannot be reached. */
  readonly temporal: Promise<Client>;
  readonly nowMs: () => number;
}

/** A worker that does not take it by then will not, for it is short. */
const CHECKED_UP_WITHIN = '45s';

/** What the checks look at; whatever several of them want to know is asked for once. */
export class World {
  readonly namespace: string;
  readonly nowMs: () => number;
  private readonly opened: Promise<Client>;
  private readonly asked = new Map<string, Promise<unknown>>();

  constructor({ namespace }: Pick<AccessOptions, 'namespace'>, { temporal, nowMs }: Parts) {
    this.namespace = namespace;
    this.nowMs = nowMs;
    this.opened = temporal;
  }

  /** Rejects with why it is not reached. */
  temporal(): Promise<Client> {
    return this.opened;
  }

  /** For all but the check that is about it. */
  private client(): Promise<Client> {
    return this.once('client', () => orAway(this.opened, 'Temporal is not reached'));
  }

  /** Rejects with why it is not reached. */
  kubernetes(): Promise<Cluster> {
    return this.once('kubernetes', () => openCluster(this.nowMs));
  }

  cluster(): Promise<Cluster> {
    return this.once('cluster', () => orAway(this.kubernetes(), 'Kubernetes is not reached'));
  }

  inTemporal<T>(ask: (client: Client) => Promise<T>): Promise<T> {
    return this.client().then(ask);
  }

  schedule(): Promise<Seen['schedule']> {
    return this.once('schedule', () => this.inTemporal(scheduleOf));
  }

  /** The latest scan of each worker that polls, the latest first. */
  scans(): Promise<Scan[]> {
    return this.once('scans', async () => {
      const [scans, { workflows }] = await Promise.all([
        this.inTemporal(latestScans),
        this.pollers(),
      ]);
      const polling = new Set(workflows.map(({ identity }) => identity));
      const current = scans.filter(({ worker = '' }) => polling.has(worker));
      return current.length > 0 ? current : scans;
    });
  }

  locks(): Promise<PoolSeen[]> {
    return this.once('locks', () => this.inTemporal(poolsOf));
  }

  pollers(): Promise<Pollers> {
    return this.once('pollers', () => this.inTemporal((client) => pollersOf(client, this.nowMs())));
  }

  /** What a worker says of its surroundings; undefined while none polls. */
  checkUp(): Promise<CheckedUp | undefined> {
    return this.once('checkUp', async () => {
      const { workflows } = await this.pollers();
      if (workflows.length === 0) return undefined;
      return await this.inTemporal((client) => askWorker(client, this.nowMs));
    });
  }

  nodes(): Promise<readonly NodeFacts[]> {
    return this.once('nodes', async () => {
      const { core } = await this.cluster();
      return (await listAll((page) => core.listNode(page, soon()), nodeFacts)).items;
    });
  }

  workloads(): Promise<Workloads> {
    return this.once('workloads', async () => workloadsIn(await this.cluster(), this.namespace));
  }

  policyFound(): Promise<PolicyFound> {
    return this.once('policy', async () => {
      const path = process.env['LOCKKEEPER_POLICY'];
      if (path) return policyOfFile(path);
      const cluster = await this.cluster();
      return await policyOfConfigMap(cluster, this.namespace, await this.workloads());
    });
  }

  /** The policy as it is written now; undefined where it cannot be read, which a check of its own says. */
  policy(): Promise<Policy | undefined> {
    return this.policyFound().then(policyOf, () => undefined);
  }

  private once<T>(what: string, ask: () => Promise<T>): Promise<T> {
    const before = this.asked.get(what) as Promise<T> | undefined;
    const asked = before ?? ask();
    this.asked.set(what, asked);
    return asked;
  }
}

async function orAway<T>(opened: Promise<T>, because: string): Promise<T> {
  try {
    return await opened;
  } catch (error) {
    throw new Away(because, { cause: error });
  }
}

async function askWorker(client: Client, nowMs: () => number): Promise<CheckedUp> {
  const askedMs = nowMs();
  const workflow = await client.workflow.start<typeof checkUp>('checkUp', {
    workflowId: `doctor/${randomUUID()}`,
    taskQueue: TASK_QUEUE,
    workflowExecutionTimeout: CHECKED_UP_WITHIN,
    staticSummary: 'lockkeeper doctor asks how the worker reaches what the policy names',
  });
  try {
    const answer = await workflow.result();
    const { startTime } = await workflow.describe();
    return { answer, askedMs, answeredMs: nowMs(), begunMs: startTime.getTime() };
  } catch (error) {
    const because = answerOf(error instanceof Error && error.cause ? error.cause : error);
    throw new CommandFailed([`no worker has answered: ${because}`]);
  }
}
