import { randomUUID } from 'node:crypto';
import { watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProgressSink } from '../tools/contract.ts';
import { planBoot, type BootPlan, type Fault } from './fault.ts';
import {
  hasFile,
  removeSentinel,
  replaceFile,
  writeSentinel,
  type NodeFiles,
} from './node-files.ts';

/** The simulated machine of one node: it reboots when its agent asks, and as its fault says. */
export interface Machine {
  readonly node: string;
  readonly files: NodeFiles;
  /** Creates the sentinel file, with the packages that ask. */
  requireReboot(packages?: readonly string[]): Promise<void>;
  /** Takes the sentinel file away, as a person who changed their mind. */
  withdrawRequest(): Promise<void>;
  /** From the next reboot on. */
  setFault(fault: Fault): void;
  /** What else runs on it goes down and comes up with it. */
  carry(load: Load): void;
  /** Reboots now, order or not; resolves when the machine is back. During a reboot it joins that one. */
  reboot(): Promise<void>;
  /** Ends the wait of a machine that is away: it comes back now. False where it is not away. */
  powerOn(): boolean;
  /** No more reboots; one under way is left where it is. */
  stop(): Promise<void>;
}

/** Something that runs on a machine. */
interface Load {
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** What a machine has in its hands. */
export interface MachineParts {
  readonly node: string;
  readonly files: NodeFiles;
  readonly downForMs: number;
  readonly fault: Fault;
  readonly power: {
    off(signal: AbortSignal): Promise<void>;
    /** Without a boot id the node comes back with the one it had. */
    on(bootId: string | undefined, signal: AbortSignal): Promise<void>;
  };
  readonly agent: Load;
  readonly log: ProgressSink;
}

/**
 * However soon somebody powers it on. A kubelet's times are of whole seconds, so that one which was back within the second of
 * the order would confirm Ready at a time before it, and not again for minutes.
 */
const SHORTEST_BOOT_MS = 1_000;
const DEFAULT_PACKAGES = ['linux-image-6.12.57', 'libc6'];

export function createMachine(parts: MachineParts): Machine {
  const { node, files, log } = parts;
  const stopping = new AbortController();
  let fault = parts.fault;
  const loads = [parts.agent];
  let away: AbortController | undefined;
  let going: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    const plan = planBoot(fault, parts.downForMs);
    const { signal } = stopping;
    // As a real reboot does: without a chance to say goodbye.
    await Promise.all(loads.map((load) => load.kill()));
    away = new AbortController();
    await parts.power.off(signal);
    await Promise.all([
      downTime(plan.downMs, AbortSignal.any([signal, away.signal])),
      downTime(SHORTEST_BOOT_MS, signal),
    ]);
    away = undefined;
    signal.throwIfAborted();
    const bootId = plan.newBootId ? randomUUID() : undefined;
    if (bootId !== undefined) await replaceFile(files.bootId, `${bootId}\n`);
    if (plan.clearsSentinel) await removeSentinel(files);
    await parts.power.on(bootId, signal);
    await Promise.all(loads.map((load) => load.start()));
    await flap(parts, plan, signal);
  };
  const reboot = (): Promise<void> => {
    going ??= run().finally(() => {
      going = undefined;
    });
    return going;
  };
  const unwatch = onAsked(files, () => {
    reboot().catch((error: unknown) => {
      if (!stopping.signal.aborted) log(`${node}: the machine did not reboot: ${String(error)}`);
    });
  });
  return {
    node,
    files,
    requireReboot: (packages = DEFAULT_PACKAGES) => writeSentinel(files, packages),
    withdrawRequest: () => removeSentinel(files),
    setFault(next) {
      fault = next;
    },
    carry: (load) => void loads.push(load),
    reboot,
    powerOn() {
      away?.abort();
      return away !== undefined;
    },
    async stop() {
      unwatch();
      stopping.abort();
      // It ends with the abort, and whoever asked for the reboot hears of it.
      await going?.catch(() => undefined);
    },
  };
}

async function downTime(ms: number | undefined, signal: AbortSignal): Promise<void> {
  // The longest that a timer can do stands for "for ever".
  await pause(ms ?? 2 ** 31 - 1, undefined, { signal }).catch(() => undefined);
}

/** The node goes and comes in the same boot, as with a kubelet that is lost. */
async function flap({ power }: MachineParts, { flaps }: BootPlan, signal: AbortSignal) {
  const { times = 0, everyMs = 0 } = flaps ?? {};
  for (let count = 0; count < times; count += 1) {
    await pause(everyMs, undefined, { signal });
    await power.off(signal);
    await pause(everyMs, undefined, { signal });
    await power.on(undefined, signal);
  }
}

/** Runs `asked` for every file with which the agent asks for a reboot, and takes the file away. */
function onAsked(files: NodeFiles, asked: () => void): () => void {
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    if (!(await hasFile(files.rebootAsked))) return;
    await rm(files.rebootAsked, { force: true });
    asked();
  };
  const watcher = watch(files.dir, () => {
    looking = looking.then(look);
  });
  return () => watcher.close();
}
