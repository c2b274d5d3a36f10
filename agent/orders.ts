import { readAnswer, readOrder } from '../domain/node-contract.ts';
import type { RebootAnswer, RebootOrder } from '../domain/node-contract.ts';
import { writeAnswerTo } from './answer.ts';
import { autoResetEvent } from './auto-reset-event.ts';
import type { AutoResetEvent } from './auto-reset-event.ts';
import { backOffMs } from '../activities/clock.ts';
import type { Clock } from '../activities/clock.ts';
import type { Host } from './host.ts';
import type { Kube } from './kube.ts';
import type { Log } from './log.ts';
import { judgeOrder } from './order.ts';
import type { OrderVerdict } from './order.ts';
import type { SeenNode } from './watch.ts';

export interface OrderDeskParts {
  readonly kube: Kube;
  readonly node: string;
  readonly host: Host;
  readonly clock: Clock;
  readonly log: Log;
}

/** A verdict on an order that we have accepted ourselves. */
type Acting = Extract<OrderVerdict, { do: 'act' | 'give up' }>;

/** `wait`: nothing to do until the node changes. `now`: judge again at once. `later`: after a pause. */
type Step = 'wait' | 'now' | 'later';

/** Only a change of the node wakes us, so any long time will do. */
const IDLE_MS = 60 * 60_000;

/** Judges the orders on our node, answers them, and obeys those accepted; one thing at a time. */
export class OrderDesk {
  readonly #parts: OrderDeskParts;
  readonly #changed: AutoResetEvent;
  #seen: SeenNode | undefined;
  /** The boot that was told to reboot, and for which rollout. It binds as long as that boot runs. */
  #rebooting: { readonly bootId: string; readonly rollout: string } | undefined;
  #trouble = '';

  constructor(parts: OrderDeskParts) {
    this.#parts = parts;
    this.#changed = autoResetEvent(parts.clock);
  }

  /** The newest state of our node; an older one that was not looked at yet is dropped. */
  see(node: SeenNode | undefined): void {
    const known = this.#seen;
    const same = known?.orderText === node?.orderText && known?.answerText === node?.answerText;
    if (known !== undefined && node !== undefined && same) return;
    this.#seen = node;
    this.#changed.set();
  }

  /** Works until `signal` fires, through every outage. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let judged: SeenNode | undefined;
    while (!signal.aborted) {
      const at = this.#seen;
      if (at === undefined || at === judged) {
        await this.#changed.wait(IDLE_MS, signal);
        continue;
      }
      const next = await this.#tryStep(at, signal);
      if (next === 'wait') judged = at;
      failures = next === 'later' ? failures + 1 : 0;
      if (next === 'later') await this.#changed.wait(backOffMs(failures, Math.random()), signal);
    }
  }

  async #tryStep(at: SeenNode, signal: AbortSignal): Promise<Step> {
    try {
      const next = await this.#step(at, signal);
      this.#trouble = '';
      return next;
    } catch (error) {
      const because = wordsOf(error);
      if (!signal.aborted && because !== this.#trouble) {
        this.#parts.log.warn('the order cannot be dealt with yet', { because });
      }
      this.#trouble = because;
      return 'later';
    }
  }

  async #step(at: SeenNode, signal: AbortSignal): Promise<Step> {
    const { host, clock, log } = this.#parts;
    const verdict = this.#judge(at, await host.bootId());
    switch (verdict.do) {
      case 'ignore':
        return 'wait';
      case 'refuse': {
        const { to, because } = verdict;
        const answer = { ...to, verdict: 'refused', because, atMs: clock.now() } as const;
        if (!(await this.#tell(at, answer, signal))) return 'later';
        log.warn('order refused', { rollout: to.rollout, because });
        return 'wait';
      }
      case 'accept': {
        const { order, because } = verdict;
        const answer = acceptance(order, because, clock.now());
        if (!(await this.#tell(at, answer, signal))) return 'later';
        log.info('order accepted', { rollout: order.rollout, bootId: order.bootId });
        return 'now';
      }
      case 'act':
        return this.#reboot(at, verdict, signal);
      case 'give up':
        return this.#giveUp(at, verdict, signal);
      default:
        return verdict satisfies never;
    }
  }

  #judge(at: SeenNode, bootId: string): OrderVerdict {
    const rebooting = this.#rebooting;
    return judgeOrder({
      order: readOrder(at.orderText),
      answer: readAnswer(at.answerText),
      bootId,
      rebootingFor: rebooting?.bootId === bootId ? rebooting.rollout : undefined,
      nowMs: this.#parts.clock.now(),
    });
  }

  /** Whether the answer was written. What it then says is what we judge next, without waiting for the watch. */
  async #tell(at: SeenNode, answer: RebootAnswer, signal: AbortSignal): Promise<boolean> {
    const { kube, node, log } = this.#parts;
    const outcome = await writeAnswerTo(kube, node, { seen: at, answer }, signal);
    if (outcome.kind === 'order-changed') {
      log.info('the order was changed or withdrawn before it could be answered', {
        rollout: answer.rollout,
      });
      return false;
    }
    // Unless the watch has brought something newer meanwhile.
    if (this.#seen === at) this.#seen = { ...at, answerText: outcome.text };
    return true;
  }

  async #reboot(at: SeenNode, { order, answer }: Acting, signal: AbortSignal): Promise<Step> {
    const { host, log } = this.#parts;
    const { bootId, rollout } = order;
    log.info('rebooting', { rollout, bootId });
    try {
      await host.reboot();
      this.#rebooting = { bootId, rollout };
      return 'wait';
    } catch (error) {
      const because = `the reboot cannot be started: ${wordsOf(error)}; tried until the order expires`;
      log.error('the reboot cannot be started', { rollout, because: wordsOf(error) });
      if (because !== answer.because) {
        await this.#tell(at, acceptance(order, because, answer.atMs), signal);
      }
      return 'later';
    }
  }

  /** Once: the order stays on the node, and every change of the node brings us here again. */
  async #giveUp(
    at: SeenNode,
    { order, answer, because }: Acting,
    signal: AbortSignal,
  ): Promise<Step> {
    if (because === answer.because) return 'wait';
    if (!(await this.#tell(at, acceptance(order, because, answer.atMs), signal))) return 'later';
    this.#parts.log.error('order left alone', { rollout: order.rollout, because });
    return 'wait';
  }
}

function acceptance(order: RebootOrder, because: string, atMs: number): RebootAnswer {
  return { bootId: order.bootId, rollout: order.rollout, verdict: 'accepted', because, atMs };
}

/** They go into the answer, which others have to read with the node: what a command prints may be long. */
function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500);
}
