import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The little of a host's file system that an agent sees, in a directory of its own per node. */
export interface NodeFiles {
  readonly dir: string;
  /** As /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** As /var/run/reboot-required; the packages are beside it with `.pkgs`. */
  readonly sentinel: string;
  /** The token the kubelet would mount into the agent's pod. */
  readonly token: string;
  /** What stands for the signal to process 1: written by the agent, taken away by the machine. */
  readonly rebootAsked: string;
}

export function nodeFiles(labDir: string, node: string): NodeFiles {
  const dir = join(labDir, 'nodes', node);
  return {
    dir,
    bootId: join(dir, 'boot_id'),
    sentinel: join(dir, 'run', 'reboot-required'),
    token: join(dir, 'token'),
    rebootAsked: join(dir, 'reboot-asked'),
  };
}

export async function createNodeFiles(files: NodeFiles, bootId: string): Promise<void> {
  await mkdir(join(files.dir, 'run'), { recursive: true });
  await replaceFile(files.bootId, `${bootId}\n`);
}

/** Replaces a file in one step: a reader sees the old text or the new one, never a part. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** As a package upgrade does: first the packages that ask, then the file that says a reboot is required. */
export async function writeSentinel(files: NodeFiles, packages: readonly string[]): Promise<void> {
  await replaceFile(`${files.sentinel}.pkgs`, packages.map((name) => `${name}\n`).join(''));
  await replaceFile(files.sentinel, '*** System restart required ***\n');
}

export async function removeSentinel(files: NodeFiles): Promise<void> {
  await rm(files.sentinel, { force: true });
  await rm(`${files.sentinel}.pkgs`, { force: true });
}

export async function hasFile(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
