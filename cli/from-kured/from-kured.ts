import { convert, type Converted } from './convert.ts';
import { sharedLabels } from '../../domain/selector-overlap.ts';
import type { NotificationText, PoolText } from './draft.ts';
import type { Kured } from './kured.ts';
import { dropMovingLabels } from './marks.ts';
import { isLabelled, mayOverlap, notLabelled, onlyLabelled } from './nodes.ts';
import { loud } from './notes.ts';
import { render, type PolicyText } from './render.ts';
import { readSources } from './sources.ts';

export type FromKured =
  /** The policy with its comments, and what deserves to be said aloud, a line each. */
  | { readonly yaml: string; readonly warnings: readonly string[] }
  /** What was expected and not there, or could not be read. */
  | { readonly problems: readonly string[] };

/**
 * The policy that does what kured did, from kured's DaemonSets or the values of its chart. Every option is carried over or
 * answered with the reason why not; secrets are never repeated. What decides over nodes and cannot be read leaves its pool
 * without a window.
 */
export function fromKured(text: string): FromKured {
  const sources = readSources(text);
  if ('problems' in sources) return sources;
  const converted = apart(convertAll(sources.kureds));
  noteOverlaps(converted);
  dropMovingLabels(converted);
  noteSharedLocks(converted);
  return {
    yaml: render(policyOf(converted), converted),
    warnings: converted.flatMap(({ title, closed, notes }) => [
      ...closed.map((reason) => `${title}: its pool has no window: ${reason}`),
      ...notes.filter((note) => note.loud).map(({ about, text }) => `${title}: ${about}: ${text}`),
    ]),
  };
}

/** Where pools have different secrets for the same thing, their variables have different names. */
function convertAll(kureds: readonly Kured[]): Converted[] {
  const names = poolNames(kureds);
  const all = (suffixOf: (name: string) => string): Converted[] =>
    kureds.map((kured, index) => {
      const name = names[index] ?? '';
      return convert(kured, name, suffixOf(name));
    });
  const alike = all(() => '');
  const secrets = alike.flatMap((one) =>
    [...one.secrets].map(([base, secret]) => ({ base, secret })),
  );
  const differ = secrets.some(({ base, secret }) =>
    secrets.some((other) => other.base === base && other.secret !== secret),
  );
  if (!differ) return alike;
  return all((name) => `_${name.replaceAll('-', '_').toUpperCase()}`);
}

/** "kured-workers" is the pool "workers", "kured" is "nodes"; a name that comes again gets a number. */
function poolNames(kureds: readonly Kured[]): string[] {
  const names: string[] = [];
  for (const { name } of kureds) {
    const words = name.toLowerCase().split(/[^a-z0-9]+/);
    const joined = words.filter((word) => word !== '' && word !== 'kured').join('-');
    // It is the value of a label too, which has 63 characters at most.
    const base = joined.slice(0, 50).replace(/-$/, '') || 'nodes';
    const taken = (candidate: string): boolean => names.includes(candidate);
    let candidate = base;
    for (let number = 2; taken(candidate); number += 1) candidate = `${base}-${number}`;
    names.push(candidate);
  }
  return names;
}

function policyOf(converted: readonly Converted[]): PolicyText {
  const [first] = converted;
  const oneZone = converted.every(({ timeZone }) => timeZone.name === first?.timeZone.name);
  const notifications = notificationsOf(converted);
  return {
    ...(oneZone && first ? { timeZone: first.timeZone.name } : {}),
    pools: converted.map(({ pool, timeZone }) =>
      inOrder(oneZone ? pool : { ...pool, timeZone: timeZone.name }),
    ),
    ...(notifications.length > 0 ? { notifications } : {}),
  };
}

/** The keys as the documentation has them, whatever was asked for first. */
function inOrder(pool: PoolText): PoolText {
  const {
    name,
    nodes,
    maxUnavailable,
    timeZone,
    windows,
    expectedLength,
    gates,
    drain,
    reboot,
    ...rest
  } = pool;
  const { alerts, blockingPods, kuredLock } = gates ?? {};
  return {
    name,
    nodes,
    maxUnavailable,
    ...(timeZone && { timeZone }),
    windows,
    ...(expectedLength && { expectedLength }),
    gates: {
      ...(alerts && { alerts }),
      ...(blockingPods && { blockingPods }),
      ...(kuredLock && { kuredLock }),
    },
    ...(drain && { drain }),
    ...(reboot && { reboot }),
    ...rest,
  };
}

/** Entries that are the same for all pools are one; else each says for which pools it is. */
function notificationsOf(converted: readonly Converted[]): NotificationText[] {
  const entries = new Map<string, { readonly entry: NotificationText; readonly pools: string[] }>();
  for (const { pool, notifications } of converted) {
    for (const entry of notifications) {
      const same = entries.get(JSON.stringify(entry));
      if (same) same.pools.push(pool.name);
      else entries.set(JSON.stringify(entry), { entry, pools: [pool.name] });
    }
  }
  return [...entries.values()].map(({ entry, pools }) =>
    pools.length === converted.length ? entry : { ...entry, pools },
  );
}

/** Pools whose selectors are sure to share nodes would be refused: one of them gets only nodes that a person has labelled. */
function apart(converted: readonly Converted[]): Converted[] {
  const all = [...converted];
  const pairs = all.flatMap((_, index) =>
    all.slice(0, index).map((__, at) => [at, index] as const),
  );
  // Two that are set apart stay apart, but may thereby share nodes with a third for sure.
  while (pairs.some(([before, index]) => setApart(all, before, index)));
  return all;
}

/** Whether there was something to set apart. */
function setApart(all: Converted[], before: number, index: number): boolean {
  const [earlier, later] = [all[before], all[index]];
  if (!earlier || !later) return false;
  if (sharedLabels(earlier.pool.nodes, later.pool.nodes) === undefined) return false;
  if (isLabelled(earlier.nodes, earlier.pool.name)) {
    all[index] = withNodes(later, notLabelled(later.nodes, earlier.pool.name));
    return true;
  }
  const { name } = later.pool;
  all[before] = withNodes(earlier, notLabelled(earlier.nodes, name));
  all[index] = withNodes(later, onlyLabelled(later.nodes, name));
  later.notes.push(loud('nodeSelector', sameNodes(earlier.pool.name, name)));
  return true;
}

const withNodes = (one: Converted, nodes: Converted['nodes']): Converted => ({
  ...one,
  nodes,
  pool: { ...one.pool, nodes: nodes.selector },
});

const sameNodes = (other: string, own: string): string =>
  `pool ${other} chooses the same nodes, and a node can be in one pool only: they are in ${other}, but for those that you give to this one with kubectl label node NODE lockkeeper.io/pool=${own}`;

function noteOverlaps(converted: readonly Converted[]): void {
  for (const [index, { nodes, notes }] of converted.entries()) {
    for (const { nodes: earlier, pool } of converted.slice(0, index)) {
      if (!mayOverlap(earlier, nodes)) continue;
      const text = `a node may be in this pool and in ${pool.name} too, and such a node is left alone: make the selectors exclude each other`;
      notes.push(loud('nodeSelector', text));
    }
  }
}

const lockOf = ({ pool }: Converted): string => JSON.stringify(pool.gates?.kuredLock);

function noteSharedLocks(converted: readonly Converted[]): void {
  for (const [index, one] of converted.entries()) {
    const before = converted.slice(0, index).filter((other) => lockOf(other) === lockOf(one));
    if (before.length === 0 || !one.pool.gates?.kuredLock) continue;
    const pools = before.map(({ pool }) => pool.name).join(', ');
    const text = `it shares kured's lock with ${pools}: one budget for all of them, where Lockkeeper has one for each pool. Make one pool of them, or let one go first with \`after\``;
    one.notes.push(loud('--ds-name', text));
  }
}
