import { setTimeout as pause } from 'node:timers/promises';
import { whyNot } from '../domain/message-of.ts';
import type { Temporal } from './connect.ts';
import { ensureNamespace } from './namespace.ts';
import type { PolicyFile } from './policy-file.ts';
import { ensureFleetScan } from './schedule.ts';
import { ensureSearchAttributes } from './search-attributes.ts';

interface Parts {
  readonly temporal: Pick<Temporal, 'connection' | 'client' | 'namespace'>;
  readonly policy: Pick<PolicyFile, 'current' | 'notInForce'>;
  readonly log: Record<'info' | 'warn', (message: string, fields: object) => void>;
}

const EVERY_MS = 3 * 60_000;

/**
 * Sees to what Lockkeeper needs of its Temporal: the namespace, its search attributes, the schedule of the fleet scan. A
 * database may be lost under a worker that runs; what matters stands on the Nodes, and the scan finds it there.
 */
export class Upkeep {
  private readonly parts: Parts;
  private readonly said = new Map<string, string>();
  private looking: Promise<void> = Promise.resolve();
  private attributes = false;
  /** Whether the schedule was there at the latest look. */
  private scans = false;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Whether rollouts may set their search attributes. */
  hasSearchAttributes(): boolean {
    return this.attributes;
  }

  /** Looks once, after any look that is under way. Never rejects: what cannot be had is said, once, and gone without. */
  look(): Promise<void> {
    this.looking = this.looking.then(() => this.lookNow());
    return this.looking;
  }

  /** Resolves when it has looked for the first time; looks every few minutes until the signal. */
  async begin(signal: AbortSignal): Promise<void> {
    await this.look();
    void this.lookAgain(signal);
  }

  private async lookAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.look();
    }
  }

  private async lookNow(): Promise<void> {
    const { temporal, policy, log } = this.parts;
    const { connection, client, namespace } = temporal;
    const scanEvery = policy.notInForce() ? undefined : policy.current().scanEvery;
    await this.see('the namespace is missing', async () => {
      if (await ensureNamespace(connection, namespace)) {
        log.info('namespace made', { temporalNamespace: namespace });
        this.scans = false;
      }
    });
    this.attributes = await this.see(
      'search attributes could not be registered; going on without',
      () => ensureSearchAttributes(connection, namespace),
    );
    await this.see('the schedule of the fleet scan is not as the policy says', async () => {
      // One that was there is made anew at the second look without it only: it may have been taken away by an uninstallation,
      // which is about to take this worker away, too.
      const anew = !this.scans;
      this.scans = await ensureFleetScan(client, { everyMs: scanEvery, anew });
    });
  }

  /** Says what is wrong when it becomes so, and when it no longer is; answers whether all is well. */
  private async see(what: string, ensure: () => Promise<void>): Promise<boolean> {
    const { log } = this.parts;
    const because = await whyNot(ensure);
    const before = this.said.get(what);
    if (because === undefined) {
      this.said.delete(what);
      if (before !== undefined) log.info('Temporal has what we need again', { before: what });
    } else {
      this.said.set(what, because);
      if (before !== because) log.warn(what, { because });
    }
    return because === undefined;
  }
}
