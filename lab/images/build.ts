import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PREFIX, type BaseImages } from './base.ts';
import { withLock } from '../tools/lock.ts';
import type { ProgressSink } from '../tools/contract.ts';
import { tool, toolAnyway } from './tool.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export const COMPONENTS = ['worker', 'agent'] as const;
export type ComponentName = (typeof COMPONENTS)[number];

export const imageOf = (name: ComponentName): string => `${PREFIX}/${name}:latest`;

export const baseOf = (name: ComponentName, images: BaseImages): string =>
  name === 'worker' ? images.workerBase : images.agentBase;

/** Builds an image from its Dockerfile as it stands. */
export async function buildImage(name: ComponentName, images: BaseImages): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-build-'));
  try {
    const npmrc = join(dir, 'npmrc');
    const registry = await registryOfThisMachine();
    await writeFile(npmrc, registry.npmrc);
    const args = {
      NODE_IMAGE: images.node,
      BASE_IMAGE: baseOf(name, images),
      VERSION: '0.0.0-test',
      REVISION: 'test',
    };
    await tool(
      'buildah',
      [
        'bud',
        '--isolation=chroot',
        '--network=host',
        '--layers',
        // The format of OCI has no health check.
        '--format=docker',
        `--secret=id=npmrc,src=${npmrc}`,
        ...registry.volumes,
        ...Object.entries(args).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
        `--tag=${imageOf(name)}`,
        `--file=deploy/Dockerfile.${name}`,
        '.',
      ],
      { cwd: ROOT },
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const npmSetting = (name: string): Promise<string> => tool('npm', ['config', 'get', name]);

/** Packages come from where they come from on this machine, whose authorities may be its own. */
async function registryOfThisMachine(): Promise<{ npmrc: string; volumes: readonly string[] }> {
  const [registry, cafile] = await Promise.all([npmSetting('registry'), npmSetting('cafile')]);
  const authorities = cafile.startsWith('/') ? cafile : process.env['NODE_EXTRA_CA_CERTS'];
  if (!authorities) return { npmrc: `registry=${registry}\n`, volumes: [] };
  const inside = '/etc/ssl/certs/of-the-builder.crt';
  return {
    npmrc: `registry=${registry}\ncafile=${inside}\n`,
    volumes: ['--volume', `${authorities}:${inside}:ro`],
  };
}

interface ImageFacts {
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly megabytes: number;
  readonly hasHealthcheck: boolean;
}

export async function factsOf(image: string): Promise<ImageFacts> {
  const [facts] = JSON.parse(await tool('podman', ['image', 'inspect', image])) as {
    User: string;
    Labels: Record<string, string> | null;
    Size: number;
    HealthCheck?: unknown;
    Healthcheck?: unknown;
  }[];
  if (facts === undefined) throw new Error(`there is no image ${image}`);
  return {
    user: facts.User,
    labels: facts.Labels ?? {},
    megabytes: Math.round(facts.Size / 1_000_000),
    hasHealthcheck: Boolean(facts.Healthcheck ?? facts.HealthCheck),
  };
}

/** Builds images while nobody else on this machine does, and leaves no container in which one was built. */
export async function buildAlone<T>(
  { log, signal }: { readonly log: ProgressSink; readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'lockkeeper');
  await mkdir(cache, { recursive: true });
  const onWait = (holder: string): void => log(`process ${holder} is building images; waiting`);
  return withLock({ path: join(cache, 'images.lock'), onWait, signal }, async () => {
    const before = await workingContainers();
    try {
      return await work();
    } finally {
      await removeWorkingContainers(before);
    }
  });
}

/** The containers in which builds work, by id; the builder takes its own away, unless it is stopped. */
async function workingContainers(): Promise<ReadonlySet<string>> {
  const ids = await toolAnyway('buildah', ['containers', '--quiet', '--noheading']);
  return new Set(ids.split('\n').filter((id) => id !== ''));
}

/** Removes those that were not there before. */
async function removeWorkingContainers(before: ReadonlySet<string>): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const added = [...(await workingContainers())].filter((id) => !before.has(id));
    if (added.length === 0) return;
    for (const id of added) {
      // A builder that was stopped may still be taking its own away.
      await toolAnyway('buildah', ['rm', id]).catch(() => undefined);
    }
    await pause(500);
  }
  throw new Error('working containers are left behind: buildah containers');
}
