import { pause } from '../activities/auto-reset-event.ts';
import { recheckEach } from '../activities/recheck-each.ts';
import type { TemporalPort } from '../activities/temporal.ts';
import { lockId } from '../domain/names.ts';
import type { Policy } from '../domain/policy.ts';

export interface BroadcastPorts {
  readonly temporal: Pick<TemporalPort, 'runningRollouts' | 'recheck'>;
  readonly log: Record<'info' | 'warn', (message: string, fields: object) => void>;
}

/** Several replicas see the same change; they need not speak at the same moment. */
const BEGIN_WITHIN_MS = 1_000;
/**
 * A look may be answered by a worker that has still the old file in its hands: it reads it again within 5 s. A worker whose
 * file comes later than that says so itself.
 */
const ONCE_MORE_AFTER_MS = 8_000;

/** Lets everything that runs look again when the policy has changed, so that nothing waits by rules that are no more. */
export class PolicyBroadcast {
  private readonly ports: BroadcastPorts;
  private latest = new AbortController();

  constructor(ports: BroadcastPorts) {
    this.ports = ports;
  }

  /** Returns at once. What is still to be said of an earlier change is left unsaid. */
  policyChanged({ pools }: Policy): void {
    this.latest.abort();
    this.latest = new AbortController();
    void this.tellTwice(
      pools.map(({ name }) => lockId(name)),
      this.latest.signal,
    );
  }

  close(): void {
    this.latest.abort();
  }

  private async tellTwice(locks: readonly string[], signal: AbortSignal): Promise<void> {
    try {
      await pause(Math.random() * BEGIN_WITHIN_MS, signal);
      await this.tell(locks, signal);
      await pause(ONCE_MORE_AFTER_MS, signal);
      await this.tell(locks, signal);
    } catch {
      // Only a pause that was cut short ends up here.
    }
  }

  private async tell(locks: readonly string[], signal: AbortSignal): Promise<void> {
    const { temporal, log } = this.ports;
    try {
      const left = [...locks, ...(await temporal.runningRollouts())];
      log.info('policy has changed: what waits looks again', { workflows: left.length });
      await recheckEach(temporal, left, signal);
    } catch (error) {
      if (signal.aborted) return;
      log.warn('not told of the changed policy; what waits evaluates again by itself', {
        because: String(error),
      });
    }
  }
}
