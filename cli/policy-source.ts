import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readPolicy, WrittenPolicy } from '../domain/policy-text.ts';
import type { Policy } from '../domain/policy.ts';
import { CommandFailed } from './terminal.ts';

export interface PolicySource {
  readonly policy: Policy;
  /** "policy.yaml:14 pools[0].windows[1].calendar: rule", for what turns out only when the policy is used. */
  say(place: string, rule: string): string;
}

/** The policy at `path`; a CommandFailed with every problem when it is refused. */
export function policyAt(path: string): PolicySource {
  const name = basename(path);
  const text = textAt(path);
  const read = readPolicy(text, name);
  if (read.kind === 'refused') throw new CommandFailed(read.problems);
  const written = new WrittenPolicy(text, name);
  return {
    policy: read.policy,
    say: (place, rule) => `${name}:${written.lineOf(keysOf(place))} ${place}: ${rule}`,
  };
}

function textAt(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandFailed([`${path}: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

/** "pools[0].windows[1]" as its keys. */
const keysOf = (place: string): PropertyKey[] =>
  (place.match(/[^.[\]]+/g) ?? []).map((key) => (/^[0-9]+$/.test(key) ? Number(key) : key));
