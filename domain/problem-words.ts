import type { z } from 'zod';
import { nearWord } from './near-word.ts';

/** How the problems of a policy file are put to people. */

/** Whether this is what zod says of a value that is not there, among others. */
export const isAboutNothing = ({ code }: z.core.$ZodIssue): boolean =>
  code === 'invalid_type' || code === 'invalid_union';

const TYPES: Readonly<Record<string, string>> = {
  object: 'keys with their values',
  record: 'keys with their values',
  array: 'a list',
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

/** The rule of the schema; where it has no words of its own, words for what zod says. */
export function sayRule(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (!/^(Invalid|Too small)/.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_type') return `write ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `write ${issue.values.map(String).join(' or ')}`;
  if (issue.code !== 'too_small') return issue.message;
  return issue.origin === 'string' ? 'write a text' : `write a number from ${issue.minimum}`;
}

/** What is said of a key that is not among the known ones. */
export function sayUnknown(key: string, known: readonly string[]): string {
  const near = nearWord(key, known);
  const hint = near === undefined ? `there is ${known.join(', ')}` : `did you mean ${near}?`;
  return `there is no such key; ${hint}`;
}

/** YAML's messages quote what is written, which may be a secret, and go on with a picture of the place. */
export function sayYaml(message: string): string {
  const [first = ''] = message.split('\n');
  if (first.includes('multiple documents')) return 'there are multiple documents: write only one';
  return first.replace(/:$/, '').replace(/ in YAML stream: .* at line/, ' at line');
}
