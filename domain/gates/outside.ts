import type { KuredLockLook, KuredLockRules } from './kured-lock.ts';

/**
 * What is seen outside the Node: alerts, pods, kured's lock; and the sentences for people. They have no numbers that change
 * by themselves: two looks that find the same say the same. Workflows load this file, so it reads no expressions and no schema.
 */

/** What one Prometheus says. `where` is its address. */
export type AlertLook = { readonly where: string } & (
  | { readonly kind: 'quiet' }
  /** Names of the alerts that count, each once, sorted. */
  | {
      readonly kind: 'alerts';
      readonly firing: readonly string[];
      readonly pending: readonly string[];
      /** Why it is not known which of them are silenced. */
      readonly silencesUnknown?: string;
    }
  /** Which series of the user's own query are above its threshold, sorted; "" is a value without labels. */
  | {
      readonly kind: 'above';
      readonly query: string;
      readonly threshold: number;
      readonly series: readonly string[];
    }
  | { readonly kind: 'unknown'; readonly because: string }
);

export interface OutsideFacts {
  readonly alerts: readonly AlertLook[];
  /** The pods on the node that block it, as `namespace/name`. */
  readonly blockingPods: readonly string[];
  readonly kuredLock?: { readonly rules: KuredLockRules; readonly look: KuredLockLook };
}

/** Why alerts close the gate, from every Prometheus; undefined: they do not. */
export function alertsReason({ alerts }: OutsideFacts): string | undefined {
  const reasons = alerts.flatMap((look) => sayAlerts(look) ?? []);
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

function sayAlerts(look: AlertLook): string | undefined {
  switch (look.kind) {
    case 'quiet':
      return undefined;
    case 'alerts': {
      const states = [inState(look.firing, 'firing'), inState(look.pending, 'pending')];
      const unknown =
        look.silencesUnknown === undefined ? '' : `, silences unknown: ${look.silencesUnknown}`;
      return `${states.filter((words) => words !== '').join(', ')} (${look.where}${unknown})`;
    }
    case 'above': {
      const { query, threshold, series, where } = look;
      const of = fewOf(series.filter((labels) => labels !== ''));
      return `"${shortened(query)}" is above ${threshold}${of === '' ? '' : ` for ${of}`} (${where})`;
    }
    case 'unknown':
      return `${look.where} cannot be asked: ${look.because}`;
    default:
      return look satisfies never;
  }
}

const inState = (names: readonly string[], state: string): string =>
  names.length === 0 ? '' : `${fewOf(names)} ${state}`;

const MOST = 5;

/** How many more there are is left out: it changes too often. */
function fewOf(words: readonly string[]): string {
  const shown = words.slice(0, MOST).join(', ');
  return words.length > MOST ? `${shown} and others` : shown;
}

const LONGEST = 120;
const shortened = (text: string): string =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;

export function blockingPodsReason({ blockingPods }: OutsideFacts): string | undefined {
  if (blockingPods.length === 0) return undefined;
  return `on the node: ${fewOf(blockingPods)}`;
}

export function kuredLockReason({ kuredLock }: OutsideFacts): string | undefined {
  if (!kuredLock) return undefined;
  const { rules, look } = kuredLock;
  const lock = `the lock of kured (DaemonSet ${rules.namespace}/${rules.daemonSet})`;
  switch (look.kind) {
    case 'free':
      return undefined;
    case 'held':
      return `${lock} is held for ${fewOf(look.nodes)}`;
    case 'unknown':
      return `${lock} cannot be read: ${look.because}`;
    default:
      return look satisfies never;
  }
}
