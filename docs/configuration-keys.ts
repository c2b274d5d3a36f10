import { stringify } from 'yaml';
import { DURATION } from '../domain/durations.ts';
import { isObject } from '../domain/fields.ts';
import type { Schema } from '../domain/policy-schema.ts';

/** A key of the policy, as the documentation has it. */
interface KeyRow {
  /** Where it is written, such as pools[].drain.timeout. */
  readonly path: string;
  readonly type: string;
  /** Empty: none. */
  readonly fallback: string;
  readonly example: string;
  readonly meaning: string;
}

/** The keys of one place of the policy. */
export interface KeySection {
  /** Where these keys may be written; the first is the one they are told of. */
  readonly paths: readonly string[];
  readonly rows: readonly KeyRow[];
}

/** Every key of the schema, place by place, with its value in `example`, a policy that has them all. */
export function keySections(schema: Schema, example: unknown): KeySection[] {
  const sections = new Map<string, { paths: string[]; schema: Schema }>();
  for (const { path, schema: place } of placesIn(schema, '')) {
    // Keys that may be written at several places, such as windows, are told of once.
    const same = JSON.stringify(place.properties);
    const known = sections.get(same);
    if (!known) sections.set(same, { paths: [path], schema: place });
    else known.paths.push(path);
  }
  const pathOf = (place: Schema): string =>
    sections.get(JSON.stringify(place.properties))?.paths[0] ?? '';
  return [...sections.values()].map(({ paths, schema: place }) => ({
    paths,
    rows: rowsOf(place, paths, { example, pathOf }),
  }));
}

interface Place {
  readonly path: string;
  readonly schema: Schema;
}

/** Every place with keys of its own, the outer before the inner. */
function placesIn(schema: Schema, path: string): Place[] {
  const one = orListOf(schema);
  if (one) return placesIn(one, `${path}[]`);
  if (schema.anyOf) return schema.anyOf.flatMap((form) => placesIn(form, path));
  if (schema.items) return placesIn(schema.items, `${path}[]`);
  if (!schema.properties || isSecretFile(schema)) return [];
  const inner = Object.entries(schema.properties).flatMap(([key, part]) =>
    placesIn(part, under(path, key)),
  );
  return [{ path, schema }, ...inner];
}

/** What may be written alone, or several of them as a list. */
function orListOf({ anyOf: [list, one] = [] }: Schema): Schema | undefined {
  return list?.items && JSON.stringify(list.items) === JSON.stringify(one) ? one : undefined;
}

const under = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** { file: /its/path }, which is told of as a type. */
const isSecretFile = ({ properties = {} }: Schema): boolean =>
  Object.keys(properties).join() === 'file';

interface Known {
  readonly example: unknown;
  /** Where the keys of this place are told of. */
  readonly pathOf: (place: Schema) => string;
}

function rowsOf(place: Schema, paths: readonly string[], { example, pathOf }: Known): KeyRow[] {
  return Object.entries(place.properties ?? {}).map(([key, schema]) => {
    const examples = paths.map((path) => valueAt(example, under(path, key).split('.')));
    const { default: fallback, description = '' } = schema;
    const isRequired = place.required?.includes(key);
    return {
      path: under(paths[0] ?? '', key),
      type: typeOf(schema, pathOf),
      fallback: isRequired ? 'required' : sayValue(fallback),
      example: hasPlaces(schema) ? '' : sayValue(examples.find((value) => value !== undefined)),
      meaning: description,
    };
  });
}

const hasPlaces = (schema: Schema): boolean =>
  placesIn(schema, '').length > 0 && !schema.items?.anyOf;

/** More of a list makes a table that nobody can read; the page that the meaning names has it whole. */
const MOST_ITEMS = 3;

/** As one would write it; what has keys of its own is left to them. */
function sayValue(value: unknown): string {
  if (value === undefined || (isObject(value) && Object.keys(value).length === 0)) return '';
  const items = Array.isArray(value) ? value : [];
  const more = items.length > MOST_ITEMS ? [...items.slice(0, MOST_ITEMS), '…'] : value;
  const shown = items.some(isObject) ? items.slice(0, 1) : more;
  return code(stringify(shown, FLOW).trim());
}

const FLOW = { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 } as const;

/** The first value that stands at a path such as pools[], windows[], cron. */
function valueAt(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return value;
  const key = step.replace('[]', '');
  const inner: unknown = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  if (!step.endsWith('[]')) return valueAt(inner, rest);
  const items = Array.isArray(inner) ? inner : [];
  return items.map((item) => valueAt(item, rest)).find((found) => found !== undefined);
}

const code = (text: string): string => `\`${text}\``;

/** What one may write, in words. */
function typeOf(schema: Schema, pathOf: Known['pathOf']): string {
  const one = orListOf(schema);
  if (one) return `${typeOf(one, pathOf)}, or a list of them`;
  if (schema.anyOf) {
    return [...new Set(schema.anyOf.map((form) => typeOf(form, pathOf)))].join(' or ');
  }
  if (schema.items) return `list of ${typeOf(schema.items, pathOf)}`;
  if (schema.type === 'object') return objectType(schema, pathOf);
  return simpleType(schema);
}

function simpleType(schema: Schema): string {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  return SIMPLE[schema.type ?? '']?.(schema) ?? '';
}

function objectType(schema: Schema, pathOf: Known['pathOf']): string {
  if (isSecretFile(schema)) return code('{ file: /its/path }');
  if (!schema.properties) return 'keys and texts';
  const path = pathOf(schema);
  return `[keys](#${path.toLowerCase().replaceAll(/[^a-z0-9-]/g, '')})`;
}

const SIMPLE: Readonly<Record<string, (schema: Schema) => string>> = {
  boolean: () => '`true`, `false`',
  integer: () => 'whole number',
  number: () => 'number',
  string: ({ pattern = '' }) =>
    PATTERNS.find(([known]) => pattern.startsWith(known))?.[1] ?? 'text',
};

/** Texts that have a name, by the beginning of their expression. */
const PATTERNS: readonly (readonly [string, string])[] = [
  [DURATION.source, 'duration'],
  ['^\\$\\{', code('${NAME}')],
  ['^([1-9][0-9]?|100)%', 'percentage'],
  ['^([01][0-9]|2[0-3]):', 'time of day'],
  ['^(([01][0-9]|2[0-3]):', 'time of day'],
  ['^\\/', 'absolute path'],
];
