import { readdir, readFile } from 'node:fs/promises';

/** What the kernel says of a process at one moment. */
export interface Usage {
  readonly residentKb: number;
  /** Written by it, or only in its memory: what the machine gets back when it ends. */
  readonly privateKb: number;
  /** Processor time since its start. */
  readonly cpuMs: number;
}

export async function usageOf(pid: number): Promise<Usage> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = await Promise.all(
    // A thread that has ended meanwhile takes its time with it: those of Node do not end.
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')),
  );
  return parseUsage(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'), times);
}

/** Of /proc/PID/smaps_rollup and of the schedstat of each thread: finer than the ticks of /proc/PID/stat. */
export function parseUsage(rollup: string, times: readonly string[]): Usage {
  const kb = (name: string): number => {
    const [, amount] = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(rollup) ?? [];
    if (amount === undefined) throw new Error(`the kernel does not say ${name}`);
    return Number(amount);
  };
  // Its first number is the time on a processor, in nanoseconds.
  const onProcessorNs = times.map((text) => Number(text.split(' ')[0]));
  return {
    residentKb: kb('Rss'),
    privateKb: kb('Private_Dirty') + kb('Private_Clean'),
    cpuMs: onProcessorNs.reduce((sum, ns) => sum + ns, 0) / 1_000_000,
  };
}
