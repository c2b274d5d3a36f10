import type { HttpTarget } from '../domain/http-schema.ts';
import { words } from '../domain/outside.ts';
import type { Policy } from '../domain/policy.ts';
import { present } from '../domain/present.ts';
import type { Window } from '../domain/window/window.ts';
import { nameOf } from './calendars.ts';
import type { Deps } from './deps.ts';

/** Something that the policy names, and whether it was reached. */
export interface Reached {
  readonly kind: 'prometheus' | 'alertmanager' | 'calendar' | 'receiver';
  /** Its address or name, as far as that is no secret. */
  readonly where: string;
  /** Why it was not; absent: it was. */
  readonly because?: string;
}

/** What a worker says of its surroundings. */
export interface CheckUp {
  readonly worker: string;
  /** By the clock of the worker, when it had asked everybody. */
  readonly atMs: number;
  /** Hash of the policy that it goes by. */
  readonly policy: string;
  readonly reached: readonly Reached[];
}

export interface CheckUpQuestion {
  /** Who has not answered by then was not reached. */
  readonly withinMs: number;
}

/** More nobody reads, and histories are not for long lists. */
const MOST = 100;

type Attempt = Pick<Reached, 'kind' | 'where'> & {
  readonly whyNot: () => Promise<string | undefined>;
};

/** Asks everything outside the cluster that the policy in force names, once and side by side; sends and changes nothing. */
export async function checkUp(deps: Deps, { withinMs }: CheckUpQuestion): Promise<CheckUp> {
  const { worker, policy } = deps;
  const attempts = attemptsOf(deps, policy.current()).slice(0, MOST);
  const reached = await Promise.all(attempts.map((attempt) => made(attempt, withinMs)));
  return { worker, policy: policy.hash, atMs: Date.now(), reached };
}

async function made({ kind, where, whyNot }: Attempt, withinMs: number): Promise<Reached> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve('no answer in time'), withinMs);
  try {
    const because = await Promise.race([whyNot(), late.promise]);
    return { kind, where, ...present({ because: because && words(because) }) };
  } finally {
    clearTimeout(timer);
  }
}

function attemptsOf(deps: Deps, policy: Policy): Attempt[] {
  const rules = policy.pools.flatMap(({ gates }) => gates.alerts ?? []);
  return [
    ...each(rules).map((one): Attempt => ({
      kind: 'prometheus',
      where: one.target.url,
      whyNot: async () => {
        const seen = await deps.alerts.observe(one, 0);
        return seen.kind === 'unknown' ? seen.because : undefined;
      },
    })),
    ...each(rules.flatMap(({ alertmanager }) => alertmanager?.target ?? [])).map(
      (target: HttpTarget): Attempt => ({
        kind: 'alertmanager',
        where: target.url,
        whyNot: () => deps.silences.whyNotReached(target),
      }),
    ),
    ...each(calendarsOf(policy)).map(({ calendar, tls }): Attempt => ({
      kind: 'calendar',
      where: nameOf(calendar),
      whyNot: async () => (await deps.calendars.read(calendar, tls)).problem,
    })),
    ...policy.notifications.map((receiver): Attempt => ({
      kind: 'receiver',
      where: receiver.name,
      whyNot: () => deps.messenger.whyNotReached(receiver),
    })),
  ];
}

const calendarsOf = ({ windows = [], pools }: Policy): Extract<Window, { kind: 'calendar' }>[] =>
  [...windows, ...pools.flatMap((pool) => pool.windows ?? [])].filter(
    (window) => window.kind === 'calendar',
  );

/** Each once: pools name the same ones. */
const each = <T>(items: readonly T[]): T[] => [
  ...new Map(items.map((item) => [JSON.stringify(item), item])).values(),
];
