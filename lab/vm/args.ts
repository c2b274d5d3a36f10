import { Command } from 'commander';
import { present } from '../../domain/present.ts';
import { parseWith, readCount, type Parsed } from '../program.ts';
import { PACKAGES } from './possible.ts';

/** Everything a person can choose about a lab of machines, checked. */
export interface MachinesArgs {
  readonly machines: number;
  readonly once: boolean;
  /** Absent: a new directory of its own. */
  readonly dir?: string;
}

const MOST_MACHINES = 4;

const MORE = `
Each machine is Debian 12 with systemd, containerd and a kubelet of its own, has 3 GiB of memory and two processors, and asks for a
reboot once Lockkeeper is installed as the README says. Hardware virtualisation is used where it works; else machines are emulated.
The first time, programs are built and Debian's packages fetched: minutes. They stay in \${XDG_CACHE_HOME:-~/.cache}/lockkeeper.

Needs root, Linux on x64, and
  apt-get install ${PACKAGES}

Examples:
  npm run lab:vm                      one machine, which runs worker and Temporal and reboots itself
  npm run lab:vm -- --machines 2      one after the other, the worker's last
  npm run lab:vm -- --once            ends when all have been rebooted

Exit codes:
  0    stopped by Ctrl-C; with --once: every machine was rebooted exactly once, and no guarantee was seen broken
  1    something went wrong, and a line on stderr says what
  2    an option is wrong
  130  stopped by Ctrl-C before all was up, or before --once was done`;

interface Raw {
  readonly machines: string;
  readonly once?: true;
  readonly dir?: string;
}

/** Reads the command line; tells of every wrong value at once. */
export function parseMachinesArgs(argv: readonly string[]): Parsed<MachinesArgs> {
  const command = new Command('npm run lab:vm --')
    .description(
      'A Kubernetes control plane on this machine, whose nodes are real machines of QEMU: they really reboot.',
    )
    .option('--machines <count>', `machines, 1 to ${MOST_MACHINES}`, '1')
    .option('--once', 'end when all machines have been rebooted')
    .option('--dir <path>', 'use this directory, which must be empty or new, and leave it there')
    .addHelpText('after', MORE);
  return parseWith(command, argv, ({ machines, once, dir }: Raw, tell) => {
    if (dir === '') tell('--dir', 'write the path of a directory');
    const count = readCount(tell, '--machines', machines, [1, MOST_MACHINES]) ?? 1;
    return { machines: count, once: once === true, ...present({ dir }) };
  });
}
