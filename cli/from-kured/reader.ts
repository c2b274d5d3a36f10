import { TYPES, type ValueOf } from './go.ts';
import { loud, quiet, type Kured, type Note } from './kured.ts';
import { OPTIONS, type Option, type OptionName } from './options.ts';
import { readSettings, type Setting } from './settings.ts';

type Value<N extends OptionName> = (typeof OPTIONS)[N] extends Option<infer T> ? ValueOf<T> : never;

/** The settings of one kured, and what there is to say about them: of the option of this `name`, unless another is given. */
export class Reader {
  name: OptionName = 'node-id';
  readonly kured: Kured;
  readonly notes: Note[];
  /** Why the pool gets no window: what decides over its nodes is not known, or kured would not have started. */
  readonly closed: string[];
  /** The secret that each variable stands for: for comparing only. */
  readonly secrets = new Map<string, string>();
  private readonly settings: ReadonlyMap<OptionName, Setting>;
  private readonly suffix: string;

  /** The suffix is put behind the names of variables that hold secrets, where pools have different ones. */
  constructor(kured: Kured, suffix: string) {
    this.kured = kured;
    this.suffix = suffix;
    this.notes = [...kured.notes];
    this.closed = [...kured.closed];
    this.settings = readSettings(kured, this);
  }

  setting(name = this.name): Setting | undefined {
    return this.settings.get(name);
  }

  /** Whether it was given and is not empty. */
  has(name: OptionName): boolean {
    const { elsewhere, values } = this.setting(name) ?? {};
    return elsewhere !== undefined || Boolean(values?.at(-1));
  }

  /** Whether somebody chose it and it is not kured's default; the node's name is set in every manifest. */
  differs(): boolean {
    if (this.name === 'node-id') return false;
    const values = this.setting()?.values;
    return values !== undefined && String(this.read(this.name, values)) !== String(this.read());
  }

  /** The value in force, or kured's default; undefined, and the reason told, if nobody knows it or kured refuses it. */
  value<N extends OptionName>(name: N): Value<N> | undefined {
    const { type, to, secret }: Option = OPTIONS[name];
    const { by, values, elsewhere } = this.setting(name) ?? {};
    if (elsewhere !== undefined && !secret) {
      const text = `comes from ${elsewhere}, which is not in the input: look there, and`;
      // Nodes could be rebooted that should not be, if kured's default were taken for the value.
      const decides = to !== undefined && !/^(LOCKKEEPER_|notifications)/.test(to);
      if (decides) this.shut(`${by} ${text} write it into ${to}`);
      else if (to !== undefined) this.warn(`${text} set it yourself`, name);
      return undefined;
    }
    const value = this.read(name, values) as Value<N> | undefined;
    const { rule, does } = TYPES[type];
    if (value === undefined)
      this.shut(`kured ${does} with ${by}=${values?.at(-1)}: it is not ${rule}`);
    return value;
  }

  private read(name = this.name, values?: readonly string[]): unknown {
    const { type, fallback } = OPTIONS[name];
    // kured prints the default of a list in brackets.
    const standard = TYPES[type].split ? fallback.split(/[[\],]/).filter(Boolean) : [fallback];
    return TYPES[type].read(values ?? standard);
  }

  /** The pool gets no window. */
  close(because: string, name = this.name): void {
    this.shut(`${this.by(name)}: ${because}`);
  }

  /** Something was given that changes nothing in the policy, or not all it seems to. */
  note(text: string | undefined, name = this.name): void {
    if (text) this.say(quiet(this.by(name), text));
  }

  warn(text: string | undefined, name = this.name): void {
    if (text) this.say(loud(this.by(name), text));
  }

  /** The name of the variable that stands for a secret. */
  variable(base: string, secret: string): string {
    this.secrets.set(base, secret);
    return `${base}${this.suffix}`;
  }

  /** How the option was given, for people: the flag, the variable, or not at all. */
  private by(name: OptionName): string {
    return this.setting(name)?.by ?? `no --${name}`;
  }

  private shut(because: string): void {
    if (!this.closed.includes(because)) this.closed.push(because);
  }

  private say(note: Note): void {
    const isSaid = this.notes.some((one) => one.about === note.about && one.text === note.text);
    if (!isSaid) this.notes.push(note);
  }
}
