// Synchronous on purpose: see readMounted in kube.ts. A directory that hangs makes the agent silent, which is the truth.
import { closeSync, lstatSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RebootReport } from '../domain/node-contract.ts';
import { describeEnd } from './command.ts';
import type { CommandEnd } from './command.ts';

/** Whether the host wants a reboot, and why, in words. */
export type Sentinel = Pick<RebootReport, 'wants' | 'message'>;

/** What a condition's message may hold before it becomes a burden on everybody who lists nodes. */
const MESSAGE_MOST = 300;

/** Present: required. Absent: not required. Anything else, even a missing directory: unknown, for absence was not seen. */
export function checkSentinelFile(path: string): Sentinel {
  try {
    // Not stat: a link whose target is outside the mounted directory is present all the same.
    lstatSync(path);
  } catch (error) {
    return isMissing(error) ? absentIn(dirname(path), path) : unknown(path, wordsOf(error));
  }
  const packages = readPackages(`${path}.pkgs`);
  const message = packages.length > 0 ? listShortened(packages) : `${path} is present`;
  return { wants: 'required', message };
}

/** Exit code 0: required. 1: not required. Anything else: unknown, never required (a missing program must not cause a reboot). */
export function judgeCommand(command: string, end: CommandEnd): Sentinel {
  const name = shorten(command, 80);
  if (end.kind !== 'exit' || end.code > 1) return unknown(name, describeEnd(end));
  const said = end.lastLine === '' ? `exit code ${end.code}` : end.lastLine;
  return {
    wants: end.code === 0 ? 'required' : 'not-required',
    message: shorten(`${name}: ${said}`, MESSAGE_MOST),
  };
}

function absentIn(directory: string, path: string): Sentinel {
  try {
    if (statSync(directory).isDirectory()) {
      return { wants: 'not-required', message: `${path} is absent` };
    }
    return unknown(path, `${directory} is not a directory`);
  } catch (error) {
    if (!isMissing(error)) return unknown(path, wordsOf(error));
    return unknown(path, `the directory ${directory} is not there; is the host's mounted?`);
  }
}

function unknown(what: string, because: string): Sentinel {
  return { wants: 'unknown', message: shorten(`${what}: ${because}`, MESSAGE_MOST) };
}

/** The packages that asked for it, as Debian's update-notifier writes them; none when the list is not there. */
function readPackages(path: string): string[] {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const buffer = Buffer.alloc(16_384);
    const lines = buffer.toString('utf8', 0, readSync(file, buffer)).split('\n');
    return [...new Set(lines.map((line) => line.trim()).filter((line) => line !== ''))];
  } catch {
    // The list only explains; that a reboot is required stands without it.
    return [];
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function listShortened(names: readonly string[]): string {
  const shown: string[] = [];
  let left = MESSAGE_MOST - 20;
  for (const name of names) {
    left -= name.length + 2;
    if (left < 0) break;
    shown.push(name);
  }
  const more = names.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
