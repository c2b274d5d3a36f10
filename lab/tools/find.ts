import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Guard } from '../cluster/guard.ts';
import type { CatalogueEntry } from './catalogue.ts';
import { runChild } from './child.ts';
import type { Progress } from './progress.ts';

const VERSION_WITHIN_MS = 10_000;

/** The first program of that name on PATH, or undefined. */
export async function onPath(binary: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, binary);
    if (isAbsolute(folder) && (await isProgram(path))) return path;
  }
  return undefined;
}

/** Those of the programs that are not on PATH. */
export async function missingPrograms(programs: readonly string[]): Promise<string[]> {
  const found = await Promise.all(programs.map(onPath));
  return programs.filter((_, index) => found[index] === undefined);
}

export function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The program on PATH if its version will do; says why when it will not. */
export async function acceptableOnPath(
  entry: CatalogueEntry,
  context: { progress: Progress; signal: AbortSignal; guard: Guard },
): Promise<string | undefined> {
  const check = entry.onPath;
  const path = check === undefined ? undefined : await onPath(entry.binary);
  if (check === undefined || path === undefined) return undefined;
  const said = await runChild({
    command: path,
    args: check.args,
    signal: AbortSignal.any([context.signal, AbortSignal.timeout(VERSION_WITHIN_MS)]),
    guard: context.guard,
  }).catch((error: unknown) => String(error));
  context.signal.throwIfAborted();
  if (check.accepts.test(said)) return path;
  const first = said.split('\n')[0] ?? '';
  context.progress.say(`${path} is not used: wanted is ${check.wanted}, it says "${first}"`);
  return undefined;
}
