import { LONGEST_MS } from '../../domain/durations.ts';
import * as go from './go.ts';
import { INSTEAD } from './instead.ts';
import { loud, quiet, type Note } from './notes.ts';
import { OPTIONS, type OptionName } from './options.ts';
import type { Setting, Settings } from './flags.ts';
import type { Window } from './windows.ts';

export interface AlertsText {
  readonly prometheus: string;
  readonly basicAuth?: { readonly username: string; readonly password: string };
  readonly states: readonly string[];
  readonly ignore?: string;
  readonly only?: string;
}

/** A pool as it is written into the policy; keys that were not asked for are absent. */
export interface PoolText {
  name: string;
  nodes: string;
  maxUnavailable: number;
  timeZone?: string;
  windows: readonly Window[];
  expectedLength?: string;
  gates?: {
    alerts?: AlertsText;
    blockingPods?: readonly string[];
    kuredLock?: { namespace: string; daemonSet: string; annotation?: string };
  };
  drain?: {
    timeout?: string;
    onTimeout?: 'delete';
    gracePeriod?: string;
    podSelector?: string;
    skipWaitForDeleteTimeout?: string;
    delay?: string;
  };
  reboot?: { delay: string };
  pauseBetween?: string;
  labels?: { before?: Record<string, string>; after?: Record<string, string> };
  taint?: string;
}

export interface NotificationText {
  slack?: string;
  url?: string;
  username?: string;
  channel?: string;
  on: readonly string[];
  templates: Readonly<Record<string, string>>;
  /** Only where pools differ. */
  pools?: readonly string[];
}

/** A setting of the agent, as the environment of its container. */
interface AgentSetting {
  readonly variable: string;
  readonly value: string;
}

/** What one kured becomes, while it is being put together. */
export interface Draft {
  readonly pool: PoolText;
  readonly timeZone: { name: string };
  readonly notifications: NotificationText[];
  /** Put behind the names of variables that hold secrets, where pools have different ones. */
  readonly suffix: string;
  /** The secret that each variable stands for: for comparing only. */
  readonly secrets: Map<string, string>;
  readonly agent: AgentSetting[];
  readonly notes: Note[];
  /** Why the pool gets no window: what decides over its nodes is not known, or kured would not have started. */
  readonly closed: string[];
}

/** The name of the variable that stands for a secret. */
export function variableFor(draft: Draft, base: string, secret: string): string {
  draft.secrets.set(base, secret);
  return `${base}${draft.suffix}`;
}

/** Reads the settings of one kured; what cannot be read closes the pool's windows and is noted. */
export class Reader {
  private readonly settings: Settings;
  private readonly draft: Draft;

  constructor(settings: Settings, draft: Draft) {
    this.settings = settings;
    this.draft = draft;
  }

  setting(name: OptionName): Setting | undefined {
    return this.settings.get(name);
  }

  /** How the option was given, for people: the flag, the variable, or not at all. */
  private by(name: OptionName): string {
    return this.settings.get(name)?.by ?? `no --${name}`;
  }

  /** The value in force; kured's default where none was given or none is known. */
  text(name: OptionName): string {
    return this.known(name)?.at(-1) ?? OPTIONS[name].fallback;
  }

  list(name: OptionName): readonly string[] | undefined {
    return this.known(name);
  }

  bool(name: OptionName): boolean {
    return this.parsed(name, go.bool, 'true or false') ?? false;
  }

  integer(name: OptionName): number {
    return this.parsed(name, go.integer, 'a whole number') ?? Number(OPTIONS[name].fallback);
  }

  /** Milliseconds, none for what is off: 0 or less. */
  duration(name: OptionName): number | undefined {
    const ms = this.parsed(name, go.durationMs, 'a duration like 90s or 1h30m') ?? 0;
    return ms > 0 ? this.shortened(name, ms) : undefined;
  }

  /** A whole number of seconds. */
  seconds(name: OptionName): number {
    return this.shortened(name, this.integer(name) * 1_000) / 1_000;
  }

  private shortened(name: OptionName, ms: number): number {
    if (ms <= LONGEST_MS) return ms;
    this.note(name, `is longer than Lockkeeper takes; here it is ${LONGEST_MS / 86_400_000}d`);
    return LONGEST_MS;
  }

  timeOfDay(name: OptionName): number | undefined {
    return this.parsed(name, go.timeOfDay, 'a time like 22:00, 22:00:30, 10pm or 05:00pm');
  }

  /** kured would not start with this value, and reboot nothing. */
  refuse(name: OptionName, rule: string): void {
    const shown = OPTIONS[name].secret ? '' : `=${this.text(name)}`;
    this.shut(`kured does not start with ${this.by(name)}${shown}: it is not ${rule}`);
  }

  /** The pool gets no window, for a reason of its own. */
  close(name: OptionName, because: string): void {
    this.shut(`${this.by(name)}: ${because}`);
  }

  /** Something was given that changes nothing in the policy, or not all it seems to. */
  note(name: OptionName, text: string): void {
    this.draft.notes.push(quiet(this.by(name), text));
  }

  warn(name: OptionName, text: string): void {
    this.draft.notes.push(loud(this.by(name), text));
  }

  private parsed<T>(name: OptionName, parse: (text: string) => T | undefined, rule: string) {
    const value = parse(this.text(name));
    if (value === undefined) this.refuse(name, rule);
    return value;
  }

  private known(name: OptionName): readonly string[] | undefined {
    const setting = this.settings.get(name);
    if (setting?.elsewhere === undefined) return setting?.values;
    const text = `comes from ${setting.elsewhere}, which is not in the input`;
    if (decides(name)) this.shut(`${setting.by} ${text}`);
    else this.warn(name, `${text}: look there, and set it yourself`);
    return undefined;
  }

  private shut(because: string): void {
    if (!this.draft.closed.includes(because)) this.draft.closed.push(because);
  }
}

/** Whether nodes could be rebooted that should not be, if kured's default were taken for the value. */
function decides(name: OptionName): boolean {
  const instead = INSTEAD[name];
  return 'key' in instead && !instead.key.startsWith('notifications');
}

/** "1h30m": milliseconds as the policy and the agent take them. */
export function sayDuration(ms: number): string {
  let rest = Math.round(ms);
  const parts: string[] = [];
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
    ['ms', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.join('') || '0s';
}
