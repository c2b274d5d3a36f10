import { isId, words } from './outside.ts';

/** JSON objects that people can read and edit on the cluster: each field checked, and what is wrong said in words. */

/** A value read from the cluster: what it says, or why it cannot be read. */
export type Read<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly because: string };

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;

/** Date.parse guesses: it reads "1-12-2026" as a day in January and "friday-5" as a day in May. NaN for both. */
export function instantOf(text: string): number {
  return RFC3339.test(text) ? Date.parse(text.toUpperCase()) : Number.NaN;
}

export interface Fields {
  /** A name or an id, exactly as it is written. */
  text(key: string): string;
  /** Words for people, as they may be shown. */
  words(key: string): string;
  wordsIfAny(key: string): string | undefined;
  textOrNull(key: string): string | null;
  /** Absent: undefined. */
  textIfAny(key: string): string | undefined;
  flag(key: string): boolean;
  instant(key: string): number;
  /** A list of times; absent: none. */
  instants(key: string): number[];
  /** A whole number from 0; absent: 0. */
  count(key: string): number;
  oneOf<const T extends string>(key: string, words: readonly T[]): T;
  /** An object whose values are objects, each read by `build`; absent: undefined. */
  each<T>(key: string, build: (fields: Fields) => T): Readonly<Record<string, T>> | undefined;
}

class Unreadable extends Error {}

export function readRecord<T>(
  text: string | undefined,
  build: (fields: Fields) => T,
): Read<T> | undefined {
  if (text === undefined) return undefined;
  try {
    return { ok: true, value: build(fieldsOf(JSON.parse(text))) };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, because: error.message };
    return { ok: false, because: 'it is not JSON' };
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function fieldsOf(record: unknown): Fields {
  if (!isObject(record)) throw new Unreadable('it is not a JSON object');
  const text = (key: string): string => {
    const field = record[key];
    if (typeof field !== 'string') throw new Unreadable(`${key} is not a text`);
    if (!isId(field)) throw new Unreadable(`${key} is too long, or has what nobody can see`);
    return field;
  };
  const said = (key: string): string => {
    const field = record[key];
    if (typeof field !== 'string') throw new Unreadable(`${key} is not a text`);
    return words(field);
  };
  return {
    text,
    words: said,
    wordsIfAny: (key) => (record[key] === undefined ? undefined : said(key)),
    textOrNull: (key) => (record[key] === null ? null : text(key)),
    textIfAny: (key) => (record[key] === undefined ? undefined : text(key)),
    flag(key) {
      const field = record[key];
      if (typeof field !== 'boolean') throw new Unreadable(`${key} is not true or false`);
      return field;
    },
    instant(key) {
      const at = instantOf(text(key));
      if (Number.isNaN(at)) throw new Unreadable(`${key} is not an RFC 3339 time`);
      return at;
    },
    instants(key) {
      const field = record[key] ?? [];
      const times = Array.isArray(field) ? field.map((at) => instantOf(String(at))) : [Number.NaN];
      if (times.some(Number.isNaN)) throw new Unreadable(`${key} is not a list of RFC 3339 times`);
      return times;
    },
    count(key) {
      const field = record[key] ?? 0;
      if (!Number.isSafeInteger(field) || Number(field) < 0) {
        throw new Unreadable(`${key} is not a number from 0`);
      }
      return Number(field);
    },
    oneOf(key, known) {
      const field = text(key);
      const word = known.find((candidate) => candidate === field);
      if (word === undefined) throw new Unreadable(`${key} is none of ${known.join(', ')}`);
      return word;
    },
    each(key, build) {
      const field = record[key];
      if (field === undefined) return undefined;
      if (!isObject(field)) throw new Unreadable(`${key} is not a JSON object`);
      // Own keys as they are, whatever they are called: "constructor" is a label like any other.
      const entries = Object.entries(field).map(([name, value]) => {
        if (!isObject(value)) throw new Unreadable(`${key}.${name} is not a JSON object`);
        return [name, build(fieldsOf(value))] as const;
      });
      return Object.fromEntries(entries);
    },
  };
}
