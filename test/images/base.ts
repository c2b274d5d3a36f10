import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tool, toolAnyway } from './tool.ts';

/** What the Dockerfiles build with and on, and what plays process 1 of the machine. */
export interface BaseImages {
  readonly node: string;
  readonly workerBase: string;
  readonly agentBase: string;
  /** Has to have bash; the base of the worker, as it is shipped, has no shell at all. */
  readonly init: string;
}

/** Everything this test makes is called so. */
export const PREFIX = 'localhost/lockkeeper-test';

/** Where Debian and Ubuntu say where their packages come from, the first that is there. */
const SOURCES = ['sources.list.d/debian.sources', 'sources.list.d/ubuntu.sources', 'sources.list'];

/** Whether nothing has to be made, which takes mmdebstrap. */
export function areComplete(given: Partial<BaseImages>): given is BaseImages {
  return Boolean(given.node && given.workerBase && given.agentBase && given.init);
}

/** The images that are given, and for the others stand-ins made from Debian's packages and the Node of this checkout. */
export async function baseImages(
  given: Partial<BaseImages>,
  say: (line: string) => void,
): Promise<BaseImages> {
  if (areComplete(given)) return given;
  const debian = await debianHere();
  const base = `${PREFIX}/base:${debian.release}`;
  if (!(await exists(base))) {
    say(`making a base from Debian's packages (${debian.release})`);
    await makeDebian(debian, ['ca-certificates'], base);
  }
  const node = given.node ?? (await nodeImage(debian, say));
  return { workerBase: base, agentBase: base, init: base, ...given, node };
}

interface Debian {
  readonly release: string;
  readonly sources: string;
}

async function debianHere(): Promise<Debian> {
  const release = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  for (const path of SOURCES) {
    const sources = await readFile(join('/etc/apt', path), 'utf8').catch(() => '');
    if (release !== undefined && /^(deb|URIs:) /m.test(sources)) return { release, sources };
  }
  throw new Error('this is no Debian: name all images, see --help');
}

async function exists(image: string): Promise<boolean> {
  return tool('podman', ['image', 'exists', image]).then(
    () => true,
    () => false,
  );
}

async function makeDebian(
  { release, sources }: Debian,
  packages: readonly string[],
  image: string,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-base-'));
  const container = `lockkeeper-test-base-${process.pid}`;
  try {
    const tar = join(dir, 'base.tar');
    const include = `--include=${packages.join(',')}`;
    await tool('mmdebstrap', ['--variant=minbase', include, release, tar, '-'], { input: sources });
    await tool('buildah', ['from', '--name', container, 'scratch']);
    await tool('buildah', ['add', '-q', container, tar, '/']);
    await tool('buildah', ['commit', '-q', container, image]);
  } finally {
    // Where it was never made there is nothing to remove.
    await toolAnyway('buildah', ['rm', container]).catch(() => undefined);
    await rm(dir, { recursive: true, force: true });
  }
}

/** Debian's npm and our Node, where the official image has them. */
async function nodeImage(debian: Debian, say: (line: string) => void): Promise<string> {
  const image = `${PREFIX}/node:${process.versions.node}-${debian.release}`;
  if (await exists(image)) return image;
  say(`making a place to build in, with Node ${process.versions.node}`);
  const npm = `${PREFIX}/npm:${debian.release}`;
  if (!(await exists(npm))) await makeDebian(debian, ['ca-certificates', 'npm'], npm);
  const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-node-'));
  try {
    await copyFile(process.execPath, join(dir, 'node'));
    await writeFile(join(dir, 'Dockerfile'), `FROM ${npm}\nCOPY node /usr/local/bin/node\n`);
    await tool('buildah', ['bud', '--isolation', 'chroot', '-q', '-t', image, dir]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return image;
}
