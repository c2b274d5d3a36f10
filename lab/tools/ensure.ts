import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { startGuard, type Guard } from '../cluster/guard.ts';
import {
  CATALOGUE,
  LAB_TOOLS,
  TEST_TOOLS,
  type CatalogueEntry,
  type Platform,
  type ToolName,
} from './catalogue.ts';
import { runChild } from './child.ts';
import type { ProgressSink, Tools } from './contract.ts';
import { download, type Unreachable } from './download.ts';
import { acceptableOnPath, isProgram } from './find.ts';
import { withLock } from './lock.ts';
import { MACHINE_TOOLS, type MachineToolName } from './machine.ts';
import { passed, progressOf, type Progress } from './progress.ts';
import { fromRegistry } from './registry.ts';

export interface EnsureOptions {
  readonly log: ProgressSink;
  readonly signal: AbortSignal;
}

interface Run {
  readonly log: ProgressSink;
  readonly signal: AbortSignal;
  readonly guard: Guard;
  readonly cache: string;
  readonly unreachable: Unreachable;
  readonly oneCompiler: <T>(work: () => Promise<T>) => Promise<T>;
}

const TOOL_NAMES = Object.keys(LAB_TOOLS) as (keyof typeof LAB_TOOLS)[];

/**
 * Paths of all programs of the lab: from PATH, else the cache, else fetched into the cache. Rejects with one line per
 * program that cannot be had, after everything else has been fetched, so that the next run is short.
 */
export async function ensureTools(options: EnsureOptions): Promise<Tools> {
  const paths = await ensureAll(TOOL_NAMES, options);
  return Object.fromEntries(paths) as Record<keyof Tools, string>;
}

/** The same for one program. */
export async function ensureTool(name: ToolName, options: EnsureOptions): Promise<string> {
  const paths = await ensureAll([name], options);
  return paths.get(name) ?? '';
}

/** The same for all that the tests need. */
export async function ensureTestTools(options: EnsureOptions): Promise<void> {
  await ensureAll(Object.keys(TEST_TOOLS) as ToolName[], options);
}

/** The same for what only machines need. */
export async function ensureMachineTools(
  options: EnsureOptions,
): Promise<Readonly<Record<MachineToolName, string>>> {
  const paths = await ensureAll(Object.keys(MACHINE_TOOLS) as MachineToolName[], options);
  return Object.fromEntries(paths) as Record<MachineToolName, string>;
}

async function ensureAll(
  names: readonly ToolName[],
  { log, signal }: EnsureOptions,
): Promise<Map<ToolName, string>> {
  const cache = join(
    process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
    'lockkeeper/tools',
  );
  await mkdir(cache, { recursive: true });
  const guard = startGuard();
  const run: Run = { log, signal, guard, cache, unreachable: new Map(), oneCompiler: queue() };
  const paths = new Map<ToolName, string>();
  const missing: string[] = [];
  try {
    await Promise.all(
      names.map(async (name) => {
        try {
          paths.set(name, await ensure(CATALOGUE[name], run));
        } catch (error) {
          signal.throwIfAborted();
          missing.push(error instanceof Error ? error.message : String(error));
        }
      }),
    );
  } finally {
    guard.close();
  }
  if (missing.length > 0) throw new Error(missing.join('\n'));
  return paths;
}

async function ensure(entry: CatalogueEntry, run: Run): Promise<string> {
  const { signal, guard, cache } = run;
  const progress = progressOf(entry.binary, run.log);
  const found = await acceptableOnPath(entry, { progress, signal, guard });
  if (found !== undefined) return found;
  const places = placesOf(entry, cache);
  const cached = (): Promise<string | undefined> => firstProgram(places);
  const there = await cached();
  if (there !== undefined) return there;
  return withLock(
    {
      path: join(cache, `${entry.binary}.lock`),
      onWait: (holder) => progress.say(`process ${holder} is fetching it; waiting`),
      signal,
    },
    async () => (await cached()) ?? fetchTool(entry, places, { run, progress }),
  );
}

interface Places {
  readonly binary: string;
  readonly release: string;
  readonly registry: string;
  readonly staging: string;
}

function placesOf(entry: CatalogueEntry, cache: string): Places {
  const folder = join(cache, entry.binary);
  // Which etcd Debian has depends on the Debian, not on us.
  const version = entry.registry.kind === 'apt' ? 'debian' : entry.version;
  return {
    binary: entry.binary,
    release: `${folder}-${entry.version}`,
    registry: `${folder}-${version}`,
    staging: `${folder}.staging`,
  };
}

async function firstProgram(places: Places): Promise<string | undefined> {
  for (const folder of [places.release, places.registry]) {
    const path = join(folder, places.binary);
    if (await isProgram(path)) return path;
  }
  return undefined;
}

/** Tries the official release, then the registry. A folder appears with the finished program in it, or not at all. */
async function fetchTool(
  entry: CatalogueEntry,
  places: Places,
  { run, progress }: { run: Run; progress: Progress },
): Promise<string> {
  const from = performance.now();
  const { staging } = places;
  const tried: string[] = [];
  const ways = [
    { folder: places.release, fetch: () => fromRelease(entry, staging, { run, progress }) },
    { folder: places.registry, fetch: () => fromRegistry(entry, staging, { ...run, progress }) },
  ];
  try {
    for (const { folder, fetch } of ways) {
      try {
        await rm(staging, { recursive: true, force: true });
        await mkdir(staging);
        await fetch();
        await settle(staging, folder, entry.binary);
        progress.say(`in the cache after ${passed(from)}`);
        return join(folder, entry.binary);
      } catch (error) {
        run.signal.throwIfAborted();
        tried.push(error instanceof Error ? error.message : String(error));
      }
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  throw new Error(
    `${entry.binary} ${entry.version} cannot be had: ${tried.join('; ')}. To go on, ${entry.install}.`,
  );
}

async function fromRelease(
  entry: CatalogueEntry,
  staging: string,
  { run, progress }: { run: Run; progress: Progress },
): Promise<void> {
  const platform = platformOf(process);
  const release = platform === undefined ? undefined : entry.release(platform);
  if (release === undefined) {
    throw new Error(`no official release for ${process.platform} ${process.arch}`);
  }
  const file = join(staging, release.member === undefined ? entry.binary : 'release.tar.gz');
  await download(release, file, { ...run, progress });
  if (release.member === undefined) return;
  const { signal, guard } = run;
  const tree = join(staging, 'tree');
  await mkdir(tree);
  const args = ['-xzf', file, '-C', tree, release.member];
  await runChild({ command: 'tar', args, signal, guard });
  await rename(join(tree, release.member), join(staging, entry.binary));
}

/** Leaves only the program behind, then gives the folder its final name in one step. */
async function settle(staging: string, folder: string, binary: string): Promise<void> {
  const final = `${staging}.final`;
  await rm(final, { recursive: true, force: true });
  await mkdir(final);
  await rename(join(staging, binary), join(final, binary));
  await chmod(join(final, binary), 0o755);
  await rm(folder, { recursive: true, force: true });
  await rename(final, folder);
}

function platformOf(machine: { platform: string; arch: string }): Platform | undefined {
  const arch = ({ x64: 'amd64', arm64: 'arm64' } as const)[machine.arch];
  if (machine.platform !== 'linux' && machine.platform !== 'darwin') return undefined;
  return arch === undefined ? undefined : { os: machine.platform, arch };
}

function queue(): Run['oneCompiler'] {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine;
    return mine;
  };
}
