import { basename } from 'node:path';
import { policyWarnings } from '../domain/policy-warnings.ts';
import { readCalendars } from './calendars.ts';
import { policyIn, policyTextAt, type PolicyText } from './policy-source.ts';
import { CommandFailed, EXIT, type Terminal } from './terminal.ts';

export interface CheckOptions {
  readonly strict?: true;
}

interface Checked {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** What is said of a good one. */
  readonly about: string;
}

/** Checks policy files, all of them, and says everything that is wrong with any. */
export async function checkPolicies(
  paths: readonly string[],
  { strict }: CheckOptions,
  terminal: Terminal,
): Promise<void> {
  let isBad = false;
  for (const path of paths) {
    const text = () => policyTextAt(path, nameAmong(paths, path));
    const { problems, warnings, about } = await checked(text, terminal.nowMs());
    for (const line of problems) terminal.err(`${line}\n`);
    for (const line of warnings) terminal.err(`warning: ${line}\n`);
    const isRefused = problems.length > 0 || (strict === true && warnings.length > 0);
    if (!isRefused) terminal.out(`${about}\n`);
    isBad ||= isRefused;
  }
  // Everything has been said.
  if (isBad) throw new CommandFailed([], EXIT.failed);
}

const isFile = (place: string): boolean => !place.startsWith('https://');

/** Without its folder, unless another of them has the same name. */
function nameAmong(paths: readonly string[], path: string): string {
  const name = basename(path);
  return paths.filter((other) => basename(other) === name).length === 1 ? name : path;
}

async function checked(read: () => Promise<PolicyText>, nowMs: number): Promise<Checked> {
  try {
    const written = await read();
    const source = policyIn(written);
    const { policy, directory } = source;
    const pools = policy.pools.map((_, index) => index);
    const { copies, problems } = await readCalendars(policy, { directory, pools, wanted: isFile });
    const readable = new Map([...copies].filter(([, { problem }]) => problem === undefined));
    const warnings = policyWarnings(policy, { nowMs, calendars: readable });
    const names = policy.pools.map(({ name }) => name).join(', ');
    return {
      problems: [...problems].map(([place, rule]) => source.say(place, rule)),
      warnings: warnings.map((warning) => source.say(warning.path, warning.message)),
      about: `${written.name}: good, with ${policy.pools.length === 1 ? 'pool' : 'pools'} ${names}`,
    };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { problems: error.lines, warnings: [], about: '' };
  }
}
