import type { Clock } from '../activities/clock.ts';
import { KubeError, type Kube } from './kube.ts';
import type { Log } from './log.ts';

const DEADLINE_MS = 10_000;
const EVERY_MS = 15 * 60_000;
/** Where nothing could be tried, or the policy may only just have been applied. */
const SOON_MS = 60_000;

/** What an agent may not write, and which nobody reads. */
const FORBIDDEN = { metadata: { annotations: { 'lockkeeper.io/probe': 'to be refused' } } };

const MISSING = 'the admission policy for agents is not in force';

interface Parts {
  readonly kube: Kube;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tries, without effect, what the admission policy for agents has to refuse: nobody notices by himself that a policy is gone,
 * and without it a stolen token may change every Node.
 */
export class AdmissionProbe {
  readonly #parts: Parts;
  #missing = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The report's message, with what there is to be said of the policy: people read it with the report. */
  addTo(message: string): string {
    return this.#missing ? `${message}; ${MISSING}` : message;
  }

  /** Looks until `signal` fires, through every outage; not at once, for after an installation or a reboot all else comes first. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#parts.clock.pause(SOON_MS * (0.5 + Math.random() / 2), signal);
    while (!signal.aborted) {
      const wasMissing = this.#missing;
      const isKnown = await this.#look(signal);
      const isWell = isKnown && !wasMissing && !this.#missing;
      await this.#parts.clock.pause(isWell ? EVERY_MS : SOON_MS, signal);
    }
  }

  async #look(signal: AbortSignal): Promise<boolean> {
    const { kube, node, log } = this.#parts;
    const path = `/api/v1/nodes/${encodeURIComponent(node)}?dryRun=All`;
    const contentType = 'application/merge-patch+json';
    try {
      await kube.send({ method: 'PATCH', path, contentType, body: FORBIDDEN }, DEADLINE_MS, signal);
      if (!this.#missing) log.error(MISSING, { node });
      this.#missing = true;
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (!(error instanceof KubeError)) throw error;
      // A role that forbids it is as good.
      if (error.status !== 403) return false;
      this.#missing = false;
      return true;
    }
  }
}
