import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from '../images/tool.ts';
import { manageProcess, type ManagedProcess, type ProcessContext } from '../cluster/process.ts';
import type { Disk } from './disk.ts';
import { Guest } from './guest.ts';
import { ask, converse } from './json-socket.ts';

export const QEMU = 'qemu-system-x86_64';

/** `kvm` runs the machine's code on the processor itself, `tcg` translates it. */
export type Acceleration = 'kvm' | 'tcg';

export interface MachineOptions {
  readonly name: string;
  /** Of this machine alone; its sockets are in it, so its path is short. */
  readonly dir: string;
  readonly disk: Disk;
  /** A file system that is mounted at /machine. */
  readonly config: string;
  readonly acceleration: Acceleration;
  /** On 127.0.0.1, where the machine's own port of the same number is reached. */
  readonly port: number;
  readonly memoryMb: number;
  /** Where its console is kept, of all its boots. */
  readonly console: string;
  /** Nobody starts it or speaks with it any more once this is aborted. */
  readonly lifetime: AbortSignal;
}

/** The kernel looks for its root file system where there is none: such a machine never comes up. */
const BROKEN = 'root=LABEL=nowhere';
const SOUND = 'root=LABEL=root';
/** What Linux takes for the path of a Unix socket, in bytes (unix(7)). */
const LONGEST_SOCKET = 107;

/** A machine of QEMU. All its methods may be called at any time. */
export class Machine {
  readonly name: string;
  readonly console: string;
  readonly guest: Guest;
  readonly #options: MachineOptions;
  readonly #context: ProcessContext;
  #root = SOUND;
  /** Its power was cut, or it was never switched on. */
  #off = true;
  #process: ManagedProcess | undefined;

  constructor(options: MachineOptions, context: ProcessContext) {
    this.#options = options;
    this.#context = context;
    this.name = options.name;
    this.console = options.console;
    this.guest = new Guest(this.#socket('guest'), options.lifetime);
  }

  /** Made of the disk, with a layer of its own above it. Does not start it. */
  static async make(options: MachineOptions, context: ProcessContext): Promise<Machine> {
    const layer = join(options.dir, 'layer.qcow2');
    await rm(layer, { force: true });
    const over = ['-b', options.disk.raw, '-F', 'raw'];
    await tool('qemu-img', ['create', '-q', '-f', 'qcow2', ...over, layer]);
    return new Machine(options, context);
  }

  /** Presses the power button of a machine that is off; it boots. */
  async powerOn(signal: AbortSignal): Promise<void> {
    const { name, dir } = this.#options;
    this.#off = false;
    this.#process = manageProcess(
      { name, command: QEMU, args: this.#args(), logPath: join(dir, 'qemu.log') },
      { ...this.#context, onDeath: (line) => void this.#ended(line, signal) },
    );
    await this.#process.start(signal);
  }

  /** From one moment to the next, whatever it does; what was not on its disk is lost. */
  async cutPower(): Promise<void> {
    this.#off = true;
    await this.#process?.kill();
  }

  /** From its next boot on it does not come up. `repair` ends that. */
  async breakBoot(signal: AbortSignal): Promise<void> {
    this.#root = BROKEN;
    // QEMU reads its command line once: the machine's own reboot ends it, and it is started anew.
    await converse(this.#socket('monitor'), signal, async (monitor) => {
      await ask(monitor, 'qmp_capabilities');
      await ask(monitor, 'set-action', { reboot: 'shutdown' });
    });
  }

  /** Somebody has gone to it: switches it off, mends what does not boot, and switches it on. */
  async repair(signal: AbortSignal): Promise<void> {
    this.#root = SOUND;
    await this.cutPower();
    await this.powerOn(signal);
  }

  /** As unattended-upgrades does on Debian and Ubuntu after it has brought in this package. */
  async requireReboot(packageName: string, signal: AbortSignal): Promise<void> {
    const file = '/var/run/reboot-required';
    await this.guest.run(`touch ${file}; echo '${packageName}' >> ${file}.pkgs`, signal);
  }

  /** By the machine itself. */
  async bootId(signal: AbortSignal): Promise<string> {
    return this.guest.run('cat /proc/sys/kernel/random/boot_id', signal);
  }

  async #ended(line: string, signal: AbortSignal): Promise<void> {
    if (this.#off) return;
    if (this.#root === SOUND) return this.#context.onDeath(line);
    await this.powerOn(signal).catch((error: unknown) => this.#context.onDeath(String(error)));
  }

  #socket(name: string): string {
    const path = join(this.#options.dir, `${name}.sock`);
    if (Buffer.byteLength(path) <= LONGEST_SOCKET) return path;
    throw new Error(`${path} is too long for a socket: use a directory with a shorter path`);
  }

  #args(): string[] {
    const { name, dir, disk, config, acceleration, port, memoryMb } = this.#options;
    const listening = (id: string): string =>
      `socket,id=${id},path=${this.#socket(id)},server=on,wait=off`;
    return [
      ...processor(acceleration),
      ...flags({
        name,
        display: 'none',
        smp: '2',
        m: `${memoryMb}`,
        kernel: disk.kernel,
        initrd: disk.initrd,
        append: `${this.#root} rw console=ttyS0 net.ifnames=0 systemd.hostname=${name}${clockOf(acceleration)}`,
      }),
      ...flags({ nodefaults: '', 'no-user-config': '' }),
      // What the machine has flushed need not reach the disk of this one: QEMU ends, not the host.
      ...flags({ drive: drive(join(dir, 'layer.qcow2'), 'qcow2', ',cache=unsafe') }),
      ...flags({ drive: drive(config, 'raw', ',readonly=on') }),
      ...flags({
        netdev: `user,id=net,hostfwd=tcp:127.0.0.1:${port}-:${port}`,
        device: 'virtio-net-pci,netdev=net',
      }),
      ...flags({
        chardev: `file,id=console,path=${this.console},append=on`,
        serial: 'chardev:console',
      }),
      ...flags({ chardev: listening('guest'), device: 'virtio-serial' }),
      ...flags({ device: 'virtserialport,chardev=guest,name=org.qemu.guest_agent.0' }),
      ...flags({ chardev: listening('monitor'), mon: 'chardev=monitor,mode=control' }),
      ...flags({ device: 'virtio-rng-pci' }),
    ];
  }
}

const drive = (file: string, format: string, more = ''): string =>
  `file=${file},format=${format},if=virtio${more}`;

const flags = (of: Readonly<Record<string, string>>): string[] =>
  Object.entries(of).flatMap(([name, value]) =>
    value === '' ? [`-${name}`] : [`-${name}`, value],
  );

/** Node and Temporal need a processor of these years. */
export function processor(acceleration: Acceleration): string[] {
  return acceleration === 'kvm'
    ? ['-accel', 'kvm', '-cpu', 'host', '-machine', 'q35']
    : // Linux would take this timer for its clock. To read it costs an emulated processor so much that interrupts of two of them
      // came faster than they were dealt with: one boot in a few stood still for ever.
      ['-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max', '-machine', 'q35,hpet=off'];
}

/** What else Linux is told of such a processor: that its time stamp counter, which QEMU keeps by one clock, can be its clock. */
const clockOf = (acceleration: Acceleration): string =>
  acceleration === 'tcg' ? ' tsc=reliable' : '';
