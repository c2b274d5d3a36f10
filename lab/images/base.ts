import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ensureTool } from '../tools/ensure.ts';
import { interruption, tool, toolAnyway } from './tool.ts';

/** What the Dockerfiles build with and on, and what plays process 1 of the machine. */
export interface BaseImages {
  readonly node: string;
  readonly workerBase: string;
  readonly agentBase: string;
  /** In place of temporalio/server: the server from its Go module, and wget. */
  readonly temporal: string;
  /** In place of temporalio/ui: the Web UI from its Go module. */
  readonly ui: string;
  /** Has to have bash; the base of the worker, as it is shipped, has no shell at all. */
  readonly init: string;
}

/** Everything that is made here is called so. */
export const PREFIX = 'localhost/lockkeeper-test';

/** Where Debian and Ubuntu say where their packages come from, the first that is there. */
const SOURCES = ['sources.list.d/debian.sources', 'sources.list.d/ubuntu.sources', 'sources.list'];

/** Whether nothing has to be made, which takes mmdebstrap. */
export function areComplete(given: Partial<BaseImages>): given is BaseImages {
  const { node, workerBase, agentBase, temporal, ui, init } = given;
  return Boolean(node && workerBase && agentBase && temporal && ui && init);
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
  const temporal = given.temporal ?? (await temporalImage(debian, say));
  const ui = given.ui ?? (await uiImage(base, debian, say));
  return { workerBase: base, agentBase: base, init: base, ...given, node, temporal, ui };
}

interface Debian {
  readonly release: string;
  readonly sources: string;
}

/** The Debian that this machine runs, and where its packages come from; rejects on others. */
export async function debianHere(): Promise<Debian> {
  const release = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  for (const path of SOURCES) {
    const sources = await readFile(join('/etc/apt', path), 'utf8').catch(() => '');
    if (release !== undefined && /^(deb|URIs:) /m.test(sources)) return { release, sources };
  }
  throw new Error("images are made of Debian's packages here, and this is no Debian");
}

export async function exists(image: string): Promise<boolean> {
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

/** What the chart's image has of Temporal: `temporal-server`, and what its probes run. */
async function temporalImage(debian: Debian, say: (line: string) => void): Promise<string> {
  const { signal } = interruption;
  const program = await ensureTool('temporalServer', { log: say, signal });
  const image = `${PREFIX}/${basename(dirname(program))}:${debian.release}`;
  if (await exists(image)) return image;
  say("making an image of Temporal's server");
  const wget = `${PREFIX}/wget:${debian.release}`;
  if (!(await exists(wget))) await makeDebian(debian, ['ca-certificates', 'wget'], wget);
  return withProgram(image, { from: wget, program, to: '/usr/local/bin/temporal-server' });
}

/** The Web UI, where the chart's command has it. */
async function uiImage(from: string, debian: Debian, say: (line: string) => void): Promise<string> {
  const { signal } = interruption;
  const program = await ensureTool('temporalUi', { log: say, signal });
  const image = `${PREFIX}/${basename(dirname(program))}:${debian.release}`;
  if (await exists(image)) return image;
  say("making an image of Temporal's Web UI");
  return withProgram(image, { from, program, to: '/home/ui-server/ui-server' });
}

/** Debian's npm and our Node, where the official image has them. */
async function nodeImage(debian: Debian, say: (line: string) => void): Promise<string> {
  const image = `${PREFIX}/node:${process.versions.node}-${debian.release}`;
  if (await exists(image)) return image;
  say(`making a place to build in, with Node ${process.versions.node}`);
  const npm = `${PREFIX}/npm:${debian.release}`;
  if (!(await exists(npm))) await makeDebian(debian, ['ca-certificates', 'npm'], npm);
  return withProgram(image, { from: npm, program: process.execPath, to: '/usr/local/bin/node' });
}

/** An image with one program more, at that path. */
async function withProgram(
  image: string,
  { from, program, to }: { from: string; program: string; to: string },
): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-image-'));
  try {
    await copyFile(program, join(dir, 'program'));
    await writeFile(join(dir, 'Dockerfile'), `FROM ${from}\nCOPY program ${to}\n`);
    await tool('buildah', ['bud', '--isolation', 'chroot', '-q', '-t', image, dir]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return image;
}
