import { poolProblems } from '../../domain/pool-problems.ts';
import { matchesNothing } from '../../domain/selector-overlap.ts';
import { convert, type Converted, type Draft } from './convert.ts';
import { at, loud, type Kured } from './kured.ts';
import { setApart } from './nodes.ts';
import { render } from './render.ts';
import { readSources } from './sources.ts';

interface FromKured {
  /** The policy with its comments. */
  readonly yaml: string;
  /** What deserves to be said aloud, a line each. */
  readonly warnings: readonly string[];
}

/**
 * The policy that does what kured did, from whatever kured is deployed by. Every option is carried over or answered with
 * the reason why not; secrets are never repeated. What decides over nodes and cannot be read leaves its pool without a
 * window. Fails, as a command does, where there is no kured in the text or it cannot be read.
 */
export function fromKured(text: string): FromKured {
  const all = convertAll(readSources(text));
  const pairs = all.flatMap((one, index) =>
    all.slice(0, index).map((other) => [other, one] as const),
  );
  // Two that are set apart stay apart, but may thereby share nodes with a third for sure.
  while (pairs.some(([earlier, later]) => keepApart(earlier, later)));
  for (const [earlier, later] of pairs) noteOverlap(earlier, later);
  dropMovingLabels(all);
  for (const [index, one] of all.entries()) noteSharedLock(all.slice(0, index), one);
  return {
    yaml: render(policyOf(all), all),
    warnings: all.flatMap(({ title, said: { closed, notes } }) => [
      ...closed.map((reason) => `${title}: its pool has no window: ${reason}`),
      ...notes.filter((note) => note.loud).map(({ about, text }) => `${title}: ${about}: ${text}`),
    ]),
  };
}

function convertAll(kureds: readonly Kured[]): Converted[] {
  const names: string[] = [];
  for (const { name } of kureds) names.push(poolName(name, names));
  const alike = kureds.map((kured, index) => convert(kured, names[index] ?? '', ''));
  // Where pools have different secrets for the same thing, their variables have different names.
  const secrets = alike.flatMap((one) => [...one.said.secrets]);
  if (new Set(secrets.map(String)).size === new Map(secrets).size) return alike;
  return kureds.map((kured, index) => {
    const name = names[index] ?? '';
    return convert(kured, name, `_${name.replaceAll('-', '_').toUpperCase()}`);
  });
}

/** "kured-workers" is the pool "workers", "kured" is "nodes"; a name that comes again gets a number. */
function poolName(name: string, taken: readonly string[]): string {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  const joined = words.filter((word) => word !== '' && word !== 'kured').join('-');
  // It is the value of a label too, which has 63 characters at most.
  const base = joined.slice(0, 50).replace(/-$/, '') || 'nodes';
  let candidate = base;
  for (let number = 2; taken.includes(candidate); number += 1) candidate = `${base}-${number}`;
  return candidate;
}

/** What is the same for all pools is said once: the time zone, and an entry of the notifications. */
function policyOf(converted: readonly Converted[]): Draft {
  const [zone, ...others] = new Set(converted.map(({ pool }) => pool['timeZone']));
  const isOne = others.length === 0;
  const told = converted.filter(({ notification }) => notification !== undefined);
  const entries = [
    ...Map.groupBy(told, ({ notification }) => JSON.stringify(notification)).values(),
  ];
  const notifications = entries.map((same) => {
    const pools = same.map(({ pool }) => pool.name);
    return { ...same[0]?.notification, ...(same.length < converted.length && { pools }) };
  });
  return {
    timeZone: isOne ? zone : undefined,
    pools: converted.map(({ pool }) => ({ ...pool, ...(isOne && { timeZone: undefined }) })),
    notifications: entries.length > 0 ? notifications : undefined,
  };
}

/** Whether there was something to set apart. */
function keepApart({ pool: earlier }: Converted, { pool: later, said }: Converted): boolean {
  const apart = setApart([earlier.nodes, later.nodes], [earlier.name, later.name]);
  if (apart === undefined) return false;
  const text = `pool ${earlier.name} chooses the same nodes, and a node can be in one pool only: they are in ${earlier.name}, but for those that you give to this one with kubectl label node NODE lockkeeper.io/pool=${later.name}`;
  if (earlier.nodes !== apart[0]) said.notes.push(loud('nodeSelector', text));
  [earlier.nodes, later.nodes] = apart;
  return true;
}

/** A node could match both, unless one label proves that it cannot. */
function noteOverlap({ pool: earlier }: Converted, { pool: later, said }: Converted): void {
  if (matchesNothing(`${earlier.nodes},${later.nodes}`)) return;
  const text = `a node may be in this pool and in ${earlier.name} too, and such a node is left alone: make the selectors exclude each other`;
  said.notes.push(loud('nodeSelector', text));
}

/** Leaves out the labels by which a pool is chosen, and says so: with them the policy would be refused. */
function dropMovingLabels(converted: readonly Converted[]): void {
  for (const { path, message } of poolProblems(converted.map(({ pool }) => pool))) {
    const [index, , when, key] = path;
    const { pool, said } = converted[Number(index)] ?? {};
    if (!pool?.labels || (when !== 'before' && when !== 'after')) continue;
    delete pool.labels[when]?.[String(key)];
    said?.notes.push(loud(`label ${String(key)}`, `it is left out: ${message}`));
  }
}

function noteSharedLock(before: readonly Converted[], { pool, said }: Converted): void {
  const lock = JSON.stringify(at(pool, 'gates.kuredLock'));
  const same = before.filter((other) => JSON.stringify(at(other.pool, 'gates.kuredLock')) === lock);
  if (same.length === 0 || lock === undefined) return;
  const text = `it shares kured's lock with ${same.map((one) => one.pool.name).join(', ')}: one budget for all of them, where Lockkeeper has one for each pool. Make one pool of them, or let one go first with \`after\``;
  said.notes.push(loud('--ds-name', text));
}
