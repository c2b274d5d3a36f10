import type { KuredLockLook } from '../../domain/gates/kured-lock.ts';
import type { AlertLook } from '../../domain/gates/outside.ts';
import type { PrometheusRules } from '../../domain/gates/prometheus-schema.ts';
import type { Policy } from '../../domain/policy.ts';
import type { AlertSource } from '../gates/alert-source.ts';
import type { KuredLocks } from '../gates/kured-locks.ts';
import type { SilencedRollout, Silences } from '../gates/silences.ts';

/** Prometheis by their address; one that the test does not name is quiet. */
export class FakeAlerts implements AlertSource {
  readonly looks = new Map<string, AlertLook | Promise<AlertLook>>();
  readonly asked: { readonly url: string; readonly maxAgeMs: number }[] = [];

  async look({ target: { url } }: PrometheusRules, maxAgeMs: number): Promise<AlertLook> {
    this.asked.push({ url, maxAgeMs });
    return (await this.looks.get(url)) ?? { where: url, kind: 'quiet' };
  }
}

export class FakeKuredLocks implements KuredLocks {
  lock: KuredLockLook = { kind: 'free' };
  readonly asked: number[] = [];

  async look(_rules: unknown, maxAgeMs: number): Promise<KuredLockLook> {
    this.asked.push(maxAgeMs);
    return this.lock;
  }
}

/** Only remembers what was asked for. */
export class FakeSilences implements Silences {
  readonly told: string[] = [];

  keep({ node, workflowId }: SilencedRollout, _policy: Policy, pool: string): void {
    this.told.push(`keep ${node} of ${pool} for ${workflowId}`);
  }

  end({ node, workflowId }: SilencedRollout): void {
    this.told.push(`end ${node} for ${workflowId}`);
  }
}
