/** The lock of kured: an annotation of its DaemonSet (kubereboot/kured, pkg/daemonsetlock). */

export interface KuredLockRules {
  readonly namespace: string;
  readonly daemonSet: string;
  readonly annotation: string;
}

/** What is known of kured's lock. */
export type KuredLockLook =
  | { readonly kind: 'free' }
  /** The nodes it holds it for, as kured wrote them. */
  | { readonly kind: 'held'; readonly nodes: readonly string[] }
  | { readonly kind: 'unknown'; readonly because: string };

interface Hold {
  readonly nodeID: string;
  readonly created?: unknown;
  /** A Go duration: nanoseconds; 0: for ever. */
  readonly TTL?: unknown;
}

/** Reads either form: one lock, or with `--concurrency` above 1 a list of them. A hold whose time is over is none, as in kured. */
export function readKuredLock(annotation: string | undefined, nowMs: number): KuredLockLook {
  if (annotation === undefined) return { kind: 'free' };
  const holds = holdsIn(annotation);
  if (!holds) return { kind: 'unknown', because: 'its annotation cannot be read' };
  const nodes = holds.filter((hold) => !isOver(hold, nowMs)).map(({ nodeID }) => nodeID);
  return nodes.length === 0 ? { kind: 'free' } : { kind: 'held', nodes: nodes.toSorted() };
}

function holdsIn(annotation: string): readonly Hold[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(annotation);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const holds: unknown = 'locks' in value ? (value.locks ?? []) : [value];
  return Array.isArray(holds) && holds.every(isHold) ? holds : undefined;
}

function isHold(value: unknown): value is Hold {
  return (
    typeof value === 'object' &&
    value !== null &&
    'nodeID' in value &&
    typeof value.nodeID === 'string'
  );
}

/** What cannot be reckoned with is not over. */
function isOver({ created, TTL }: Hold, nowMs: number): boolean {
  const createdMs = Date.parse(String(created));
  const lengthMs = Number(TTL) / 1_000_000;
  return lengthMs > 0 && nowMs - createdMs >= lengthMs;
}
