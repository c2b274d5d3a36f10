import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeDir } from '../dir.ts';
import { tool } from '../images/tool.ts';

/** What is laid over Debian's files. */
const MACHINE = fileURLToPath(new URL('machine', import.meta.url));
const UNITS = ['machine-up.service', 'kubelet.service'];
const BYTES = 12 * 1024 ** 3;

/** What a machine boots from; several share a disk, each with its own layer above. */
export interface Disk {
  readonly raw: string;
  readonly kernel: string;
  readonly initrd: string;
}

export interface DiskParts {
  /** Of `rootArchive`. */
  readonly root: string;
  readonly kubelet: string;
  /** An archive of images, as `docker save` makes it. */
  readonly images: string;
}

/** Writes disk, kernel and initial file system into `dir`. The images are brought in by the machine's own containerd. Needs root. */
export async function makeDisk({ root, kubelet, images }: DiskParts, dir: string): Promise<Disk> {
  const tree = await mkdtemp(join(tmpdir(), 'lockkeeper-machine-'));
  const disk = {
    raw: join(dir, 'disk.raw'),
    kernel: join(dir, 'kernel'),
    initrd: join(dir, 'initrd'),
  };
  try {
    // Whoever is not root on the machine goes through it as well.
    await chmod(tree, 0o755);
    await tool('tar', ['-C', tree, '-xf', root]);
    await layOver(tree, kubelet);
    await importImages(tree, images);
    const boot = await readdir(join(tree, 'boot'));
    for (const [file, begin] of [
      [disk.kernel, 'vmlinuz-'],
      [disk.initrd, 'initrd.img-'],
    ] as const) {
      const name = boot.find((one) => one.startsWith(begin));
      if (name === undefined) throw new Error(`there is no ${begin}… in /boot of the machine`);
      await copyFile(join(tree, 'boot', name), file);
    }
    await fileSystem({ label: 'root', from: tree, to: disk.raw, bytes: BYTES });
  } finally {
    await removeDir(tree);
  }
  return disk;
}

async function layOver(tree: string, kubelet: string): Promise<void> {
  for (const entry of await readdir(MACHINE, { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name);
    const to = join(tree, relative(MACHINE, from));
    if (entry.isDirectory()) await mkdir(to, { recursive: true });
    else await bring(from, to, dirname(to).endsWith('/sbin') ? 0o755 : 0o644);
  }
  await bring(kubelet, join(tree, 'usr/bin/kubelet'), 0o755);
  await mkdir(join(tree, 'machine'));
  const wanted = join(tree, 'etc/systemd/system/multi-user.target.wants');
  for (const unit of UNITS) await symlink(`/etc/systemd/system/${unit}`, join(wanted, unit));
  const network = 'systemd-networkd.service';
  await symlink(`/lib/systemd/system/${network}`, join(wanted, network));
}

/** As a file of root, whoever has it in the checkout. */
async function bring(from: string, to: string, mode: number): Promise<void> {
  await rm(to, { force: true });
  await copyFile(from, to);
  await chmod(to, mode);
  await chown(to, 0, 0);
}

/** In namespaces of its own, so that nothing is left mounted or running, whatever ends it. */
async function importImages(tree: string, images: string): Promise<void> {
  const script = `
set -eu
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/run"
mount --bind "$3" "$1/tmp"
chroot "$1" containerd --log-level=warn > "$3/containerd.log" 2>&1 &
containerd=$!
tries=0
until chroot "$1" ctr version > /dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || { tail -n 5 "$3/containerd.log" >&2; exit 1; }
  sleep 0.1
done
chroot "$1" ctr -n k8s.io images import - < "$2"
kill $containerd
wait $containerd
`;
  const scratch = await mkdtemp(join(tmpdir(), 'lockkeeper-import-'));
  try {
    const inside = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
    const words = [...inside, 'sh', '-c', script, 'sh', tree, images, scratch];
    // It listens to no other signal, and takes all it has started with it.
    await tool('unshare', words, { killSignal: 'SIGKILL' });
  } finally {
    await removeDir(scratch);
  }
}

/** A file system with the files of a directory, in a sparse file. */
export async function fileSystem(of: {
  readonly label: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}): Promise<void> {
  const { label, from, to, bytes } = of;
  await rm(to, { force: true });
  await writeFile(to, '');
  await truncate(to, bytes);
  // Not zeroed in advance: the file is new and sparse.
  const lazy = 'lazy_itable_init=1,lazy_journal_init=1';
  await tool('mke2fs', ['-q', '-t', 'ext4', '-L', label, '-E', lazy, '-d', from, to]);
}
