import { parseDuration } from '../../domain/durations.ts';
import { REBOOT_DEFAULTS } from '../../domain/policy.ts';
import { rolloutLength } from '../../domain/rollout-length.ts';
import { at, loud, type Kured } from './kured.ts';
import { nodesOf } from './nodes.ts';
import { OPTION_NAMES, OPTIONS, type Option, type OptionName } from './options.ts';
import { Reader } from './reader.ts';
import { sayDuration, shortestMs, type Window } from './windows.ts';

/** Something to be written as YAML; what is undefined is left out. */
export type Draft = Record<string, unknown>;

/** A pool of the policy. */
interface PoolDraft extends Draft {
  readonly name: string;
  nodes: string;
  windows: readonly Window[];
  labels?: { readonly before?: Draft; readonly after?: Draft };
}

/** One kured as one pool, with everything there is to say about it. */
export interface Converted {
  readonly title: string;
  readonly pool: PoolDraft;
  /** The windows it would have, if nothing had closed it. */
  readonly hours: readonly Window[];
  readonly notification: Draft | undefined;
  /** Settings of the agent, as the environment of its container. */
  readonly agent: Readonly<Draft>;
  /** Its notes, secrets, and why it is closed. */
  readonly said: Pick<Reader, 'notes' | 'secrets' | 'closed'>;
}

/** kured's three messages, as events of Lockkeeper. */
const EVENTS = ['draining', 'rebooting', 'returned'];

/** Goes through the table of options; the suffix is put behind the names of variables that hold secrets. */
export function convert(kured: Kured, name: string, suffix: string): Converted {
  const read = new Reader(kured, suffix);
  const { nodes, notes } = nodesOf(kured.scheduling, name);
  read.notes.push(...notes);
  const agent: Draft = {};
  // The keys in the order of the documentation.
  const draft: PoolDraft & { notifications?: Draft } = {
    name,
    nodes,
    maxUnavailable: 1,
    timeZone: 'UTC',
    windows: [],
    expectedLength: undefined,
    gates: { alerts: undefined, blockingPods: undefined, kuredLock: undefined },
  };
  for (const [path, value] of carriedOver(read)) {
    put(path.startsWith('LOCKKEEPER_') ? agent : draft, path.split('.'), value);
  }
  const { notifications = {}, ...pool } = draft;
  const hours = pool.windows;
  if (read.closed.length > 0) pool.windows = [];
  fitIntoWindow(pool, read);
  const { slack, url, username, channel, templates: said = {} } = notifications;
  const templates = Object.fromEntries(EVENTS.map((event) => [event, at(said, event)]));
  const notification = { slack, url, username, channel, on: EVENTS, templates };
  return {
    title: kured.title,
    pool,
    hours,
    agent,
    notification: slack || url ? notification : undefined,
    said: read,
  };
}

/** What is set where. */
function* carriedOver(read: Reader): Generator<readonly [path: string, value: unknown]> {
  for (const name of OPTION_NAMES) {
    read.name = name;
    const option: Option = OPTIONS[name];
    const value = become(option, read.value(name), read);
    if (option.to !== undefined && value !== undefined) yield [option.to, value];
  }
}

/** What a value becomes. Says of every option that was given why it becomes nothing, or what is different. */
function become(option: Option, value: unknown, read: Reader): unknown {
  const because = option.because ?? noEffect(option, read);
  if (because !== undefined) {
    if (read.differs()) read.note(because);
    return undefined;
  }
  if (value === undefined) return undefined;
  if (value === '' && option.empty !== undefined) {
    read.note(option.empty);
    return undefined;
  }
  const written = option.as ? option.as(value as never, read) : value;
  if (written === undefined) return undefined;
  read.note(option.said);
  read.warn(option.warned);
  return written;
}

/** Why kured does nothing with the option, or undefined. */
function noEffect({ without = [], beside, method }: Option, read: Reader): string | undefined {
  const has = (name: string) => read.has(name as OptionName);
  if (beside !== undefined && has(beside)) return `has no effect beside ${beside}`;
  if (without.length > 0 && !without.some(has)) {
    return `has no effect without ${without.join(' or ')}`;
  }
  const other = read.value('reboot-method');
  if (method === undefined || other === undefined || method === other) return undefined;
  return `has no effect with reboot-method ${other}`;
}

function put(draft: Draft, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) draft[key] = value;
  else put((draft[key] ??= {}) as Draft, rest, value);
}

const ALWAYS =
  'kured has no window here, so this pool is open at every hour; if a scheduler deployed kured on maintenance days only, write those days into the policy instead: `dates` or `calendar`';
const SHORT =
  'a window is shorter than a rollout may take by its timeouts, so expectedLength is set to half of it; better write what your rollouts take: none begins when less is left';

/** kured starts until the last second; Lockkeeper when a rollout fits, and refuses a window in which none would. */
function fitIntoWindow(pool: PoolDraft, read: Reader): void {
  const lengthOf = (path: string, standard: string): number =>
    parseDuration((at(pool, path) as string | undefined) ?? standard);
  const longestMs = rolloutLength({
    drain: { delay: lengthOf('drain.delay', '0s'), timeout: lengthOf('drain.timeout', '30m') },
    reboot: { ...REBOOT_DEFAULTS, delay: lengthOf('reboot.delay', '0s') },
  });
  const openMs = shortestMs(pool.windows);
  if (openMs < longestMs) {
    pool['expectedLength'] = sayDuration(Math.max(openMs / 2, 1_000));
    read.notes.push(loud('windows', SHORT));
  }
  if (pool.windows.some((window) => 'always' in window)) read.notes.push(loud('windows', ALWAYS));
}
