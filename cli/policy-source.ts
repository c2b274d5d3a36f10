import { basename, dirname } from 'node:path';
import { readPolicy, WrittenPolicy } from '../domain/policy-text.ts';
import { pathOf, type Policy } from '../domain/policy.ts';
import { fileText, stdinText } from './files.ts';
import { CommandFailed } from './terminal.ts';

/** A policy as it is written somewhere. */
export interface PolicyText {
  /** What problems call it. */
  readonly name: string;
  readonly text: string;
  /** What the paths in it are relative to. */
  readonly directory: string;
}

export interface PolicySource {
  readonly policy: Policy;
  readonly directory: string;
  /** "policy.yaml:14 pools[0].windows[1].calendar: rule", for what turns out only when the policy is used. */
  say(place: string | readonly PropertyKey[], rule: string): string;
}

/** The text at `path`, or of stdin where that is "-"; a CommandFailed when it cannot be read. */
export async function policyTextAt(path: string, name = basename(path)): Promise<PolicyText> {
  if (path === '-') return { name: 'stdin', text: await stdinText(), directory: '.' };
  return { name, text: fileText(path), directory: dirname(path) };
}

/** The policy in a text; a CommandFailed with every problem when it is refused. */
export function policyIn({ name, text, directory }: PolicyText): PolicySource {
  const read = readPolicy(text, name);
  if (read.kind === 'refused') throw new CommandFailed(read.problems);
  const written = new WrittenPolicy(text, name);
  return {
    policy: read.policy,
    directory,
    say(place, rule) {
      const keys = typeof place === 'string' ? keysOf(place) : place;
      return `${name}:${written.lineOf(keys)} ${pathOf(keys)}: ${rule}`;
    },
  };
}

/** "pools[0].windows[1]" as its keys. */
const keysOf = (place: string): PropertyKey[] =>
  (place.match(/[^.[\]]+/g) ?? []).map((key) => (/^[0-9]+$/.test(key) ? Number(key) : key));
