import { setTimeout as pause } from 'node:timers/promises';
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { statusOf, type KubeClient } from '../activities/kube/client.ts';
import { limited } from '../activities/kube/request-limit.ts';
import type { logOf } from './logging.ts';

interface Parts {
  readonly core: KubeClient['core'];
  /** A node to try it on, if one is known. */
  readonly node: () => string | undefined;
  readonly log: Pick<ReturnType<typeof logOf>, 'error' | 'info'>;
  readonly everyMs?: number;
}

const EVERY_MS = 5 * 60_000;
/** Where nothing could be tried, or the policy may only just have been applied. */
const SOON_MS = 30_000;

/**
 * Tries, without effect, what the admission policy of the worker has to refuse: nobody notices by himself that a policy is gone,
 * and without it a stolen token may change everything on every Node.
 */
export class AdmissionProbe {
  private readonly parts: Parts;
  private missing = false;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** The API server has let through what must be refused. */
  isMissing(): boolean {
    return this.missing;
  }

  /** Never rejects; ends with the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { everyMs = EVERY_MS } = this.parts;
    while (!signal.aborted) {
      const was = this.missing;
      const known = await this.look();
      const restMs = known && this.missing === was && !was ? everyMs : Math.min(SOON_MS, everyMs);
      await pause(restMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Whether it is known now. */
  private async look(): Promise<boolean> {
    const name = this.parts.node();
    if (name === undefined) return false;
    const letThrough = await this.isLetThrough(name);
    if (letThrough === undefined) return false;
    if (letThrough && !this.missing)
      this.parts.log.error('admission policy missing', { because: MISSING });
    if (!letThrough && this.missing) this.parts.log.info('admission policy in force again', {});
    this.missing = letThrough;
    return true;
  }

  /** undefined: that could not be found out. A role that forbids it is as good. */
  private async isLetThrough(name: string): Promise<boolean | undefined> {
    const body = { metadata: { finalizers: ['lockkeeper.io/probe'] } };
    const how = setHeaderOptions('Content-Type', PatchStrategy.MergePatch, limited());
    try {
      await this.parts.core.patchNode({ name, body, dryRun: 'All' }, how);
      return true;
    } catch (error) {
      return statusOf(error) === 403 ? false : undefined;
    }
  }
}

const MISSING =
  'the API server lets the worker do what it must not: whoever has its token may change everything on every Node; apply the manifests again';
