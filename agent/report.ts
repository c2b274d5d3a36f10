import {
  AGENT_HEARTBEAT_MS,
  readReport,
  rebootRequiredCondition,
  REBOOT_REQUIRED,
} from '../domain/node-contract.ts';
import type { NodeCondition, RebootReport } from '../domain/node-contract.ts';
import { autoResetEvent } from './auto-reset-event.ts';
import type { AutoResetEvent } from './auto-reset-event.ts';
import { backOffMs } from '../activities/clock.ts';
import type { Clock } from '../activities/clock.ts';
import { KubeError } from './kube.ts';
import type { Kube } from './kube.ts';
import type { Log } from './log.ts';

const REQUEST_DEADLINE_MS = 10_000;

/** What stands on the node by our own doing; nothing, when it is not known. */
export interface Sent {
  readonly report: RebootReport;
  readonly atMs: number;
}

/** How long until `latest` has to be sent: at once when it says something new, else with the next heartbeat. */
export function reportDueInMs(
  latest: RebootReport,
  sent: Sent | undefined,
  { nowMs, random }: { nowMs: number; random: number },
): number {
  if (sent === undefined || saysNew(latest, sent.report)) return 0;
  // Always a little early, so that a thousand agents spread out and none is late.
  const everyMs = AGENT_HEARTBEAT_MS * (0.9 + random / 10);
  return Math.max(0, sent.atMs + everyMs - nowMs);
}

export interface ReporterParts {
  readonly kube: Kube;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps the condition RebootRequired on our node up to date. */
export class Reporter {
  readonly #parts: ReporterParts;
  readonly #path: string;
  readonly #changed: AutoResetEvent;
  #latest: RebootReport | undefined;
  #sent: Sent | undefined;
  #since: Since | 'unread' = 'unread';

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#path = `/api/v1/nodes/${encodeURIComponent(parts.node)}`;
    this.#changed = autoResetEvent(parts.clock);
  }

  /** The newest word on the sentinel; it replaces whatever could not be sent yet. */
  say(report: RebootReport): void {
    this.#latest = report;
    this.#changed.set();
  }

  /** The Node object was made anew, so what was sent is gone with the old one. */
  forget(): void {
    this.#sent = undefined;
    this.#changed.set();
  }

  /** Sends what is due until `signal` fires, through every outage. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    let failures = 0;
    while (!signal.aborted) {
      const due = this.#due();
      if (due.report === undefined) {
        await this.#changed.wait(due.inMs, signal);
        continue;
      }
      try {
        await this.#send(due.report, signal);
        if (failures > 0) log.info('reports are getting through again', { failures });
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof KubeError)) throw error;
        failures += 1;
        if (failures === 1) log.warn('a report did not get through', { because: error.message });
        await clock.pause(backOffMs(failures, Math.random()), signal);
      }
    }
  }

  #due(): { readonly report?: RebootReport; readonly inMs: number } {
    const report = this.#latest;
    if (report === undefined) return { inMs: AGENT_HEARTBEAT_MS };
    const at = { nowMs: this.#parts.clock.now(), random: Math.random() };
    const inMs = reportDueInMs(report, this.#sent, at);
    return inMs > 0 ? { inMs } : { report, inMs };
  }

  async #send(report: RebootReport, signal: AbortSignal): Promise<void> {
    const { kube, clock, log } = this.#parts;
    if (this.#since === 'unread') this.#since = await this.#readSince(signal);
    const sinceMs = this.#since?.wants === report.wants ? this.#since.atMs : report.heardAtMs;
    const body = { status: { conditions: [rebootRequiredCondition(report, sinceMs)] } };
    const contentType = 'application/strategic-merge-patch+json';
    const path = `${this.#path}/status`;
    await kube.send({ method: 'PATCH', path, contentType, body }, REQUEST_DEADLINE_MS, signal);
    if (this.#sent === undefined || saysNew(report, this.#sent.report)) {
      log.info('reported', { wants: report.wants, because: report.message });
    }
    this.#since = { wants: report.wants, atMs: sinceMs };
    this.#sent = { report, atMs: clock.now() };
  }

  /** When the node began to want what it wants; asked of the node itself, so that our restart does not reset it. */
  async #readSince(signal: AbortSignal): Promise<Since> {
    const { kube } = this.#parts;
    const node = (await kube.send(
      { method: 'GET', path: this.#path },
      REQUEST_DEADLINE_MS,
      signal,
    )) as { status?: { conditions?: NodeCondition[] } };
    return sinceOf(node.status?.conditions ?? []);
  }
}

function saysNew(report: RebootReport, sent: RebootReport): boolean {
  return report.wants !== sent.wants || report.message !== sent.message;
}

/** What the node has wanted, and since when; undefined when it has never been said. */
type Since = { readonly wants: RebootReport['wants']; readonly atMs: number } | undefined;

function sinceOf(conditions: readonly NodeCondition[]): Since {
  const report = readReport(conditions);
  const condition = conditions.find(({ type }) => type === REBOOT_REQUIRED);
  const atMs = Date.parse(condition?.lastTransitionTime ?? '');
  if (report === undefined || Number.isNaN(atMs)) return undefined;
  return { wants: report.wants, atMs };
}
