import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import { freePorts } from '../../lab/cluster/ports.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';
import { until } from '../ask.ts';
import type { RolloutScene } from './rollout-scene.ts';
import { WorkerProcess } from '../integration/worker-process.ts';

const run = promisify(execFile);

/** Workers on a scene's lab, in place of the one that came with it. */
export class WorkerScene {
  private readonly scene: RolloutScene;
  private readonly workers: WorkerProcess[] = [];

  constructor(scene: RolloutScene) {
    this.scene = scene;
  }

  /** One more worker, which polls. */
  async add(env: NodeJS.ProcessEnv = {}): Promise<WorkerProcess> {
    const { cluster, policyPath } = this.scene.lab;
    const [port] = await freePorts(1);
    const worker = new WorkerProcess({
      HOME: cluster.dir,
      TEMPORAL_ADDRESS: cluster.temporalAddress,
      KUBECONFIG: join(cluster.dir, 'worker.kubeconfig'),
      LOCKKEEPER_POLICY: policyPath,
      LOCKKEEPER_HEALTH_ADDRESS: `127.0.0.1:${port}`,
      LOCKKEEPER_POLL_AGAIN: '2s',
      LOCKKEEPER_WORKFLOW_BUNDLE: join(cluster.dir, 'workflows.js'),
      ...env,
    });
    this.workers.push(worker);
    await worker.says('worker started');
    return worker;
  }

  /** Ends those that are left. */
  async stop(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.stop()));
  }

  /** The worker that has the drain of this rollout in its hands, once there is one that is none of `others`. */
  async draining(
    rollout: WorkflowHandle,
    others: readonly WorkerProcess[] = [],
  ): Promise<WorkerProcess> {
    const passed = others.map(({ identity }) => identity);
    const identity = await until(
      async () => {
        const { raw } = await rollout.describe();
        const drain = raw.pendingActivities?.find(
          ({ activityType }) => activityType?.name === 'drainNode',
        );
        return drain?.lastWorkerIdentity ?? '';
      },
      (found) => found !== '' && !passed.includes(found),
    );
    const found = this.workers.find((worker) => worker.identity === identity);
    if (found === undefined) throw new Error(`${identity} is none of the workers here`);
    return found;
  }

  /** `temporal …`, as the documentation has it; what it prints. */
  async temporal(...words: readonly string[]): Promise<string> {
    const temporal = await ensureTool('temporal', {
      log: () => undefined,
      signal: new AbortController().signal,
    });
    const { temporalAddress } = this.scene.lab.cluster;
    const { stdout } = await run(temporal, [...words, '--address', temporalAddress]);
    return stdout;
  }
}
