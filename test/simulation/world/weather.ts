import type { Clock } from '../time/clock.ts';
import type { Host } from '../time/host.ts';
import type { Random } from '../time/random.ts';

export type Service = 'kube' | 'temporal';

/** What can befall a request. `lost`: it is obeyed, and its answer never comes. */
export const TROUBLES = ['refused', 'silent', 'lost', 'slow', '429', '500', '403'] as const;
export type TroubleKind = (typeof TROUBLES)[number];

/** Trouble on the way to a service, for a while; for one process or for all. */
interface Trouble {
  readonly service: Service;
  readonly kind: TroubleKind;
  readonly untilMs: number;
  /** Of each single request. */
  readonly chance: number;
  readonly host?: Host;
}

/** What becomes of one request. */
export type Fate =
  | { readonly kind: 'answered'; readonly thereMs: number; readonly backMs: number }
  /** `obeyedAfterMs`: absent when the request never got there. */
  | {
      readonly kind: 'failed';
      readonly afterMs: number;
      readonly obeyedAfterMs?: number;
      readonly status?: 429 | 500 | 403;
    };

/** A client gives up waiting for an answer after this. */
const ANSWER_WITHIN_MS: Record<Service, number> = { kube: 35_000, temporal: 10_000 };

/** The network between the processes and the two servers. */
export class Weather {
  readonly #clock: Clock;
  readonly #random: Random;
  #troubles: Trouble[] = [];

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  brew(trouble: Omit<Trouble, 'untilMs'> & { readonly forMs: number }): void {
    const { forMs, ...rest } = trouble;
    this.#troubles.push({ ...rest, untilMs: this.#clock.nowMs + forMs });
  }

  clear(): void {
    this.#troubles = [];
  }

  /** Until when no request of this process gets through at all; 0: it may. */
  cutOffUntilMs(service: Service, host: Host): number {
    const cuts = this.#over(service, host).filter(
      ({ kind, chance }) => chance === 1 && (kind === 'refused' || kind === 'silent'),
    );
    return Math.max(0, ...cuts.map(({ untilMs }) => untilMs));
  }

  fate(service: Service, host: Host): Fate {
    const trouble = this.#over(service, host).find(({ chance }) => this.#random.chance(chance));
    return trouble ? this.#suffer(service, trouble.kind) : this.#answered(1, 8);
  }

  #over(service: Service, host: Host): Trouble[] {
    const { nowMs } = this.#clock;
    if (this.#troubles.length === 0) return this.#troubles;
    this.#troubles = this.#troubles.filter(({ untilMs }) => untilMs > nowMs);
    return this.#troubles.filter(
      (trouble) =>
        trouble.service === service && (trouble.host === undefined || trouble.host === host),
    );
  }

  #answered(least: number, most: number): Fate {
    const takes = (): number => this.#random.between(least, most);
    return { kind: 'answered', thereMs: takes(), backMs: takes() };
  }

  #suffer(service: Service, kind: TroubleKind): Fate {
    const limitMs = ANSWER_WITHIN_MS[service];
    switch (kind) {
      case 'slow':
        return this.#answered(100, limitMs / 2 - 1);
      case 'refused':
        return { kind: 'failed', afterMs: 2 };
      case 'silent':
        return { kind: 'failed', afterMs: limitMs };
      case 'lost':
        // The connection breaks, or nothing is heard until the client gives up.
        return {
          kind: 'failed',
          afterMs: this.#random.chance(0.5) ? limitMs : 20,
          obeyedAfterMs: this.#random.between(1, 10),
        };
      case '429':
      case '500':
      case '403':
        return { kind: 'failed', afterMs: 5, status: Number(kind) as 429 };
      default:
        return kind satisfies never;
    }
  }
}

/** No answer came, or one that is none. */
export class RequestFailed extends Error {
  readonly status: 429 | 500 | 403 | undefined;

  constructor(service: Service, status?: 429 | 500 | 403) {
    super(status ? `${service}: HTTP ${status}` : `${service}: no answer`);
    this.status = status;
  }
}

/**
 * Sends a request of this process: `obey` runs at the server. Rejects with RequestFailed, or with what `obey` throws. For a
 * process that dies meanwhile it never settles, whether the request got there or not.
 */
export function send<T>(
  weather: Weather,
  { service, host }: { service: Service; host: Host },
  obey: () => T | Promise<T>,
): Promise<T> {
  if (!host.alive) return new Promise(() => undefined);
  const fate = weather.fate(service, host);
  return new Promise((resolve, reject) => {
    if (fate.kind === 'failed') {
      if (fate.obeyedAfterMs !== undefined) {
        host.clock.after(fate.obeyedAfterMs, () => {
          attempted(obey).catch(() => undefined);
        });
      }
      host.after(fate.afterMs, () => reject(new RequestFailed(service, fate.status)));
      return;
    }
    host.clock.after(fate.thereMs, () => {
      attempted(obey).then(
        (answer) => host.after(fate.backMs, () => resolve(answer)),
        (error: unknown) => host.after(fate.backMs, () => reject(error)),
      );
    });
  });
}

async function attempted<T>(obey: () => T | Promise<T>): Promise<T> {
  return await obey();
}
