import { stat } from 'node:fs/promises';
import { missingPrograms } from '../tools/find.ts';

/** By which package of Debian or Ubuntu each program comes. */
const NEEDED: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mmdebstrap: 'mmdebstrap',
  buildah: 'buildah',
  podman: 'podman',
  runc: 'runc',
  mke2fs: 'e2fsprogs',
};
/** By which what Debian signs is known. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
export const PACKAGES = [...Object.values(NEEDED), 'debian-archive-keyring'].join(' ');

/** Why no machine can be started here; undefined: it can. */
export async function whyNoMachines(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `the machines are those of Linux on x64, this is ${process.platform} on ${process.arch}`;
  const missing = await missingPrograms(Object.keys(NEEDED));
  if (!(await isFile(KEYRING))) missing.push(KEYRING);
  if (missing.length > 0) return `there is no ${missing.join(', ')}: apt-get install ${PACKAGES}`;
  // Whoever makes a root file system, and enters it, is root.
  return process.getuid?.() === 0 ? undefined : 'it needs root';
}

/** Rejects with the reason where no machine can be started. */
export async function demandMachines(): Promise<void> {
  const why = await whyNoMachines();
  if (why !== undefined) throw new Error(`no machine can be started here: ${why}`);
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
