import { TYPES } from './go.ts';
import { loud, quiet, type EnvVar, type Kured, type Note } from './kured.ts';
import { isOption, OPTION_NAMES, OPTIONS, type OptionName } from './options.ts';

/** What kured was told for one option. */
export interface Setting {
  /** "--period" or "KURED_PERIOD". */
  readonly by: string;
  /** One, or several for a list. */
  readonly values: readonly string[];
  /** The value is not in the input but there: "key url of Secret notify". `values` is empty then. */
  readonly elsewhere?: string | undefined;
}

interface Reading {
  readonly settings: Map<OptionName, Setting>;
  readonly notes: Note[];
  /** Reasons why kured would not have started, or nobody can tell with what. */
  readonly closed: string[];
}

/**
 * The settings in force, as kured finds them: flags by the rules of Go's pflag, then the variables KURED_*, which win over
 * the flags. A flag nobody knows is noted by its name alone, because its value may be a secret.
 */
export function readSettings(
  { args, env: written }: Kured,
  { notes, closed }: Pick<Reading, 'notes' | 'closed'>,
): Reading['settings'] {
  const read: Reading = { settings: new Map(), notes, closed };
  const env: EnvVar[] = [];
  for (const one of written) env.push(one.value ? { ...one, value: expand(one.value, env) } : one);
  const words = args.map((word) => expand(word, env));
  for (let word = words.shift(); word !== undefined && word !== '--'; word = words.shift()) {
    readArgument(word, words, env, read);
  }
  const texts = [...args, ...written.map(({ value }) => value)].join(' ');
  for (const one of env) readVariable(one, !texts.includes(`$(${one.name})`), read);
  return read.settings;
}

/** "$(NAME)" is a variable defined above; "$$(NAME)" and an unknown name stay as they are written. */
function expand(text: string, env: readonly EnvVar[]): string {
  return text.replaceAll(/\$?\$\(([^()]+)\)/g, (whole, name: string) => {
    if (whole.startsWith('$$')) return whole.slice(1);
    return env.find((variable) => variable.name === name)?.value ?? whole;
  });
}

const UNKNOWN =
  'kured 1.23 has no such option, so there is nothing to convert; it is of another version, or a typing error';
const STRAY = 'belongs to no flag, so kured ignores it; a switch takes its value as --flag=false';

/** Takes a flag, and its value from the words after it. */
function readArgument(word: string, words: string[], env: readonly EnvVar[], read: Reading): void {
  const [, flag = '', name = '', inline] = /^(--([^=]+)|[^=]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
  if (isOption(name)) {
    // A switch needs no value, and takes none from the next word.
    const value = inline ?? (OPTIONS[name].type === 'bool' ? 'true' : words.shift());
    if (value === undefined) read.closed.push(`kured does not start: ${flag} has no value`);
    else give(name, unquoted({ by: flag, value, from: placeIn(value, env) }, read), read);
  } else if (placeholderIn(flag) !== undefined) {
    read.closed.push(`arguments come from ${placeholderIn(flag)}, which is not in the input`);
  } else if (flag.startsWith('-')) {
    read.notes.push(loud(flag, UNKNOWN));
    dropValue(words, inline);
  } else read.notes.push(loud('a word among the arguments', STRAY));
}

/** "--unknown value": the value is not a stray word of its own. */
function dropValue(words: string[], inline: string | undefined): void {
  if (inline === undefined && words[0]?.startsWith('-') === false) words.shift();
}

/** As in kured's own example: without a shell the quotes are part of the value. */
function unquoted(given: Given, { notes }: Reading): Given {
  if (!/^(""|'')$/.test(given.value)) return given;
  notes.push(quiet(given.by, 'two quotes are no empty text to kured; here they are'));
  return { ...given, value: '' };
}

interface Given {
  readonly by: string;
  readonly value: string;
  readonly from: string | undefined;
}

/** Lists grow with each repetition; of anything else the last one counts. */
function give(name: OptionName, { by, value, from }: Given, { settings }: Reading): void {
  const { split } = TYPES[OPTIONS[name].type];
  const before = split && settings.get(name);
  const elsewhere = before?.elsewhere ?? from ?? filledIn(name, value);
  const values = [...(before?.values ?? []), ...(split?.(value) ?? [value])];
  settings.set(name, { by, values: elsewhere === undefined ? values : [], elsewhere });
}

/** "$(NAME)" that stands for a variable whose value is not in the manifest. */
function placeIn(value: string, env: readonly EnvVar[]): string | undefined {
  const places = env.filter(({ name }) => value.includes(`$(${name})`)).map(placeOf);
  return places.find((place) => place !== undefined);
}

/** Where the value of a variable stands. */
function placeOf({ valueFrom }: EnvVar): string | undefined {
  const { secretKeyRef, configMapKeyRef } = valueFrom ?? {};
  if (secretKeyRef) return `key ${secretKeyRef.key} of Secret ${secretKeyRef.name}`;
  if (configMapKeyRef) return `key ${configMapKeyRef.key} of ConfigMap ${configMapKeyRef.name}`;
  return valueFrom ? 'a field of the pod' : undefined;
}

/** ${NAME} as Flux, envsubst and Terraform have it, or {{ … }} as templates do; a default inside may be a secret and is not repeated. */
function placeholderIn(text: string): string | undefined {
  const [found, name = '…'] = /\$\{\s*([\w.]+)?[^}]*\}|\{\{[\s\S]*?\}\}/.exec(text) ?? [];
  return found && `what fills in ${found.startsWith('$') ? `\${${name}}` : '{{ … }}'}`;
}

/** In a command ${NAME} may be the shell's, and two braces are plain text in a message. */
function filledIn(name: OptionName, value: string): string | undefined {
  if (name.endsWith('-command') && !/^(\$\{[^}]*\}|\{\{[^}]*\}\})$/.test(value)) return undefined;
  return placeholderIn(name.startsWith('message-') ? value.replaceAll('{{', '') : value);
}

const VARIABLES = new Map(
  OPTION_NAMES.map((name) => [`KURED_${name.replaceAll('-', '_').toUpperCase()}`, name]),
);
const IGNORED =
  'kured ignores this variable, so these pods never held it up; here they do, because somebody meant them to';

function readVariable(variable: EnvVar, isUnused: boolean, read: Reading): void {
  const { name: by, value } = variable;
  const name = VARIABLES.get(by);
  const from = placeOf(variable);
  if (name === undefined) {
    if (by.startsWith('KURED_')) read.notes.push(loud(by, UNKNOWN));
    else if (isUnused) noteNeverRead(by, read);
  } else if (value || from !== undefined) {
    const before = read.settings.get(name);
    const wins = before && !OPTIONS[name].fallback.startsWith('[');
    if (wins) read.notes.push(quiet(by, `wins over ${before.by}, as in kured 1.23`));
    if (name === 'blocking-pod-selector') read.notes.push(loud(by, IGNORED));
    give(name, { by, value: value ?? '', from }, read);
  }
}

const bare = (name: string): string => name.replaceAll(/[-_]/g, '').toLowerCase();

/** The chart's own example is slackHookUrl. */
function noteNeverRead(by: string, { notes }: Reading): void {
  const [right] = [...VARIABLES].find(([, name]) => bare(name) === bare(by)) ?? [];
  const text = `kured reads no such variable, so it never had any effect and is not converted; its name would be ${right}`;
  if (right !== undefined) notes.push(loud(by, text));
}
