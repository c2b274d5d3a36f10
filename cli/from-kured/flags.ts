import { isOption, OPTION_NAMES, OPTIONS, type OptionName } from './options.ts';
import { csv } from './go.ts';
import type { EnvVar } from './kured.ts';
import { loud, quiet, type Note } from './notes.ts';

/** What kured was told for one option. */
export interface Setting {
  /** "--period" or "KURED_PERIOD". */
  readonly by: string;
  /** One, or several for a list. */
  readonly values: readonly string[];
  /** The value is not in the input but there: "key url of Secret notify". `values` is empty then. */
  readonly elsewhere?: string;
}

export type Settings = ReadonlyMap<OptionName, Setting>;

export interface FlagsRead {
  readonly settings: Settings;
  readonly notes: readonly Note[];
  /** Reasons why kured would not have started. */
  readonly faults: readonly string[];
}

interface Reading {
  readonly settings: Map<OptionName, Setting>;
  readonly notes: Note[];
  readonly faults: string[];
}

/**
 * The settings in force, as kured finds them: flags by the rules of Go's pflag, then the variables KURED_*, which win over
 * the flags. A flag nobody knows is noted by its name alone, because its value may be a secret.
 */
export function readFlags(args: readonly string[], env: readonly EnvVar[]): FlagsRead {
  const reading: Reading = { settings: new Map(), notes: [], faults: [] };
  readArguments(args, env, reading);
  for (const variable of env) readVariable(variable, reading);
  return reading;
}

const UNKNOWN =
  'kured 1.23 has no such option, so there is nothing to convert; it is of another version, or a typing error';

function readArguments(args: readonly string[], env: readonly EnvVar[], reading: Reading): void {
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined && word !== '--'; word = rest.shift()) {
    const [, name = '', inline] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (isOption(name)) give(name, inline ?? valueAfter(name, rest), env, reading);
    else if (word.startsWith('-')) skipUnknown(word, rest, reading);
    else reading.notes.push(loud('a word among the arguments', STRAY));
  }
}

/** A switch needs no value, and takes none from the next word. */
function valueAfter(name: OptionName, rest: string[]): string | undefined {
  return OPTIONS[name].type === 'bool' ? 'true' : rest.shift();
}

function skipUnknown(word: string, rest: string[], { notes }: Reading): void {
  notes.push(loud(word.split('=')[0] ?? word, UNKNOWN));
  // "--unknown value": the value is not a stray word of its own.
  if (!word.includes('=') && rest[0]?.startsWith('-') === false) rest.shift();
}

const STRAY = 'belongs to no flag, so kured ignores it; a switch takes its value as --flag=false';

function give(
  name: OptionName,
  value: string | undefined,
  env: readonly EnvVar[],
  { settings, notes, faults }: Reading,
): void {
  const by = `--${name}`;
  if (value === undefined) {
    faults.push(`${by} has no value`);
    return;
  }
  const elsewhere = referenceIn(value, env);
  if (elsewhere !== undefined) {
    settings.set(name, { by, values: [], elsewhere });
    return;
  }
  // As in kured's own example: without a shell the quotes are part of the value.
  const isQuotes = value === '""' || value === "''";
  if (isQuotes) notes.push(quiet(by, 'two quotes are no empty text to kured; here they are'));
  const values = valuesOf(name, isQuotes ? '' : value);
  settings.set(name, { by, values: [...listBefore(name, settings.get(name)), ...values] });
}

/** Lists grow with each repetition; of anything else the last one counts. */
function listBefore(name: OptionName, before: Setting | undefined): readonly string[] {
  const { type } = OPTIONS[name];
  return type === 'slice' || type === 'array' ? (before?.values ?? []) : [];
}

function valuesOf(name: OptionName, value: string): string[] {
  return OPTIONS[name].type === 'slice' ? csv(value) : [value];
}

/** "$(NAME)" that stands for a variable whose value is not in the manifest. */
function referenceIn(value: string, env: readonly EnvVar[]): string | undefined {
  const names = [...value.matchAll(/\$\(([^()]+)\)/g)].map(([, name]) => name);
  return env
    .filter(({ name }) => names.includes(name))
    .map(elsewhereOf)
    .find((place) => place !== undefined);
}

function elsewhereOf({ valueFrom }: EnvVar): string | undefined {
  const { secretKeyRef, configMapKeyRef } = valueFrom ?? {};
  if (secretKeyRef) return `key ${secretKeyRef.key} of Secret ${secretKeyRef.name}`;
  if (configMapKeyRef) return `key ${configMapKeyRef.key} of ConfigMap ${configMapKeyRef.name}`;
  return valueFrom ? 'a field of the pod' : undefined;
}

const VARIABLES = new Map(
  OPTION_NAMES.map((name) => [`KURED_${name.replaceAll('-', '_').toUpperCase()}`, name]),
);

function readVariable(variable: EnvVar, { settings, notes }: Reading): void {
  const by = variable.name;
  if (!by.startsWith('KURED_')) return;
  const name = VARIABLES.get(by);
  if (name === undefined) {
    notes.push(loud(by, UNKNOWN));
    return;
  }
  const before = settings.get(name);
  if (before && OPTIONS[name].type !== 'slice') {
    notes.push(quiet(by, `wins over ${before.by}, as in kured 1.23`));
  }
  if (name === 'blocking-pod-selector') notes.push(loud(by, IGNORED));
  const elsewhere = elsewhereOf(variable);
  if (elsewhere !== undefined) settings.set(name, { by, values: [], elsewhere });
  else if (variable.value) {
    const values = [...listBefore(name, before), ...valuesOf(name, variable.value)];
    settings.set(name, { by, values });
  }
}

const IGNORED =
  'kured ignores this variable, so these pods never held it up; here they do, because somebody meant them to';
