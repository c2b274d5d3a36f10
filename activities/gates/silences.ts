import { log } from '@temporalio/activity';
import { readSilences } from '../../domain/gates/alertmanager-answer.ts';
import type { Alertmanager, NodeSilence } from '../../domain/gates/alertmanager-schema.ts';
import type { HttpTarget } from '../../domain/http-schema.ts';
import { silenceBody, silencesOf } from '../../domain/gates/node-silence.ts';
import { messageOf, whyNot } from '../../domain/message-of.ts';
import type { Policy } from '../../domain/policy.ts';
import { exchange, sayAnswer, type HttpAnswer } from '../http.ts';
import type { Secrets } from '../secrets.ts';

export interface SilencedRollout {
  readonly node: string;
  readonly workflowId: string;
}

/** Silences of our own for the alerts of nodes under way. No rollout waits for them, and none fails with them. */
export interface Silences {
  /** Creates them or prolongs them, as the pool's policy says. */
  keep(rollout: SilencedRollout, policy: Policy, pool: string): void;
  /** Ends them, wherever the policy has some. */
  end(rollout: SilencedRollout, policy: Policy): void;
  /** Why this Alertmanager cannot be asked for its silences, as before one is created; undefined: it can. */
  whyNotReached(target: HttpTarget): Promise<string | undefined>;
}

type Silencing = Alertmanager & { readonly silence: NodeSilence };

/** The Silences of real Alertmanagers. */
export class HttpSilences implements Silences {
  private readonly secrets: Secrets;
  /** One step after the other for each rollout, so that a silence is not renewed after its end. */
  private readonly steps = new Map<string, Promise<void>>();
  /** When which was last renewed from here. */
  private readonly renewedMs = new Map<string, number>();

  constructor(secrets: Secrets) {
    this.secrets = secrets;
  }

  keep(rollout: SilencedRollout, policy: Policy, pool: string): void {
    for (const { target, silence } of silencingIn(policy, pool)) {
      this.enqueue(rollout, 'kept', () => this.renewInTime(target, silence, rollout));
    }
  }

  end(rollout: SilencedRollout, policy: Policy): void {
    for (const { target } of silencingIn(policy)) {
      this.renewedMs.delete(keyOf(target, rollout));
      this.enqueue(rollout, 'ended', () => this.expire(target, rollout));
    }
  }

  whyNotReached(target: HttpTarget): Promise<string | undefined> {
    return whyNot(() => this.ours(target, { node: '', workflowId: '' }));
  }

  private enqueue(rollout: SilencedRollout, what: string, step: () => Promise<void>): void {
    const { node, workflowId } = rollout;
    const before = this.steps.get(workflowId) ?? Promise.resolve();
    const mine = before.then(step).catch((error: unknown) => {
      log.warn(`silence not ${what}`, { node, because: messageOf(error) });
    });
    this.steps.set(workflowId, mine);
    void mine.finally(() => {
      if (this.steps.get(workflowId) === mine) this.steps.delete(workflowId);
    });
  }

  /** Renews a silence when a third of its time is over, so that it lapses only after two renewals have failed. */
  private async renewInTime(
    target: HttpTarget,
    silence: NodeSilence,
    rollout: SilencedRollout,
  ): Promise<void> {
    const nowMs = Date.now();
    const key = keyOf(target, rollout);
    if (nowMs - (this.renewedMs.get(key) ?? -Infinity) < silence.forMs / 3) return;
    await this.renew(target, silence, rollout);
    this.renewedMs.set(key, nowMs);
    // Another worker may have ended what this one has kept.
    for (const [old, atMs] of this.renewedMs) {
      if (nowMs - atMs > FORGET_AFTER_MS) this.renewedMs.delete(old);
    }
  }

  private async renew(
    target: HttpTarget,
    { forMs, labels }: NodeSilence,
    rollout: SilencedRollout,
  ): Promise<void> {
    const ours = await this.ours(target, rollout);
    for (const label of labels) {
      const known = ours.find(({ matchers }) => matchers.some(({ name }) => name === label));
      const body = silenceBody({ ...rollout, label }, { known, nowMs: Date.now(), forMs });
      await this.ask(target, {
        method: 'POST',
        path: '/api/v2/silences',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    }
  }

  private async expire(target: HttpTarget, rollout: SilencedRollout): Promise<void> {
    for (const { id } of await this.ours(target, rollout)) {
      const path = `/api/v2/silence/${encodeURIComponent(id)}`;
      await this.ask(target, { method: 'DELETE', path });
    }
  }

  private async ours(target: HttpTarget, rollout: SilencedRollout) {
    const answer = await this.ask(target, { method: 'GET', path: '/api/v2/silences' });
    const silences = readSilences(answer.text);
    if (!silences) {
      const because = `its answer is not that of an Alertmanager: ${sayAnswer(answer)}`;
      throw new Error(`${target.url}: ${because}`);
    }
    return silencesOf(silences, rollout);
  }

  private async ask(
    target: HttpTarget,
    request: Parameters<typeof exchange>[1],
  ): Promise<HttpAnswer> {
    const answer = await exchange(target, request, this.secrets).catch((error: unknown) => {
      throw new Error(`${target.url}: ${messageOf(error)}`, { cause: error });
    });
    if (answer.status !== 200) throw new Error(`${target.url}: ${sayAnswer(answer)}`);
    return answer;
  }
}

const FORGET_AFTER_MS = 3_600_000;

const keyOf = ({ url }: HttpTarget, { workflowId }: SilencedRollout): string =>
  `${url} ${workflowId}`;

/** Every Alertmanager that silences nodes, of one pool or of all, each once. */
function silencingIn({ pools }: Policy, pool?: string): Silencing[] {
  const found = new Map<string, Silencing>();
  for (const { name, gates } of pools) {
    if (pool !== undefined && name !== pool) continue;
    for (const { alertmanager } of gates.alerts ?? []) {
      const { silence } = alertmanager ?? {};
      if (alertmanager && silence) {
        found.set(JSON.stringify(alertmanager.target), { ...alertmanager, silence });
      }
    }
  }
  return [...found.values()];
}
