import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { present } from '../../domain/present.ts';
import { debianHere } from '../images/base.ts';
import { tool } from '../images/tool.ts';
import { progressOf } from '../tools/progress.ts';
import type { ProgressSink } from '../tools/contract.ts';

const RELEASE = 'bookworm';
const PACKAGES = [
  'linux-image-cloud-amd64',
  'initramfs-tools',
  'init',
  'systemd',
  'systemd-sysv',
  'dbus',
  'udev',
  'kmod',
  'iproute2',
  'iptables',
  'conntrack',
  'mount',
  'procps',
  'ca-certificates',
  'containerd',
  'runc',
  'containernetworking-plugins',
  'qemu-guest-agent',
];
/** No file is younger: so the same packages make the same archive, bit by bit. */
const EPOCH = Date.UTC(2026, 0, 1) / 1_000;
/** Nobody reads them on such a machine. */
const WITHOUT = ['doc', 'man', 'locale', 'info'].map(
  (what) => `--dpkgopt=path-exclude=/usr/share/${what}/*`,
);

/** The root file system of Debian 12 with all that a node of Kubernetes has but the kubelet, as a tar archive; made once, then from the cache. */
export async function rootArchive(log: ProgressSink): Promise<string> {
  const recipe = JSON.stringify([RELEASE, PACKAGES, WITHOUT, EPOCH]);
  const version = createHash('sha256').update(recipe).digest('hex').slice(0, 12);
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const dir = join(cache, 'lockkeeper/machine');
  const archive = join(dir, `debian-${RELEASE}-${version}.tar`);
  const there = await readFile(`${archive}.packages`, 'utf8').catch(() => undefined);
  if (there !== undefined) return archive;
  await mkdir(dir, { recursive: true });
  const staging = `${archive}.${process.pid}`;
  try {
    await progressOf('machine', log).during(
      () => 'making Debian 12 from its packages, once',
      () => make(staging),
    );
    await rename(staging, archive);
    await rename(`${staging}.packages`, `${archive}.packages`);
  } finally {
    await rm(staging, { force: true });
    await rm(`${staging}.packages`, { force: true });
  }
  return archive;
}

async function make(archive: string): Promise<void> {
  const here = await debianHere().catch(() => undefined);
  // On a machine that is no Debian 12 itself, mmdebstrap knows where that comes from.
  const sources = here?.release === RELEASE ? here.sources : undefined;
  await tool(
    'mmdebstrap',
    [
      '--variant=minbase',
      '--format=tar',
      `--include=${PACKAGES.join(',')}`,
      ...WITHOUT,
      // What is in it, with versions; not in it, because its place is beside.
      `--customize-hook=chroot "$1" dpkg-query -W > '${archive}.packages'`,
      RELEASE,
      archive,
      ...(sources === undefined ? [] : ['-']),
    ],
    {
      ...present({ input: sources }),
      env: { SOURCE_DATE_EPOCH: String(EPOCH) },
    },
  );
}
