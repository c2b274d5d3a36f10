import { readFile } from 'node:fs/promises';

/** What the kernel says of a process at one moment. */
export interface Usage {
  readonly residentKb: number;
  /** Written by it, or only in its memory: what the machine gets back when it ends. */
  readonly privateKb: number;
  /** Processor time since its start. */
  readonly cpuMs: number;
}

export async function usageOf(pid: number): Promise<Usage> {
  const [rollup, stat] = await Promise.all([
    readFile(`/proc/${pid}/smaps_rollup`, 'utf8'),
    readFile(`/proc/${pid}/stat`, 'utf8'),
  ]);
  return parseUsage(rollup, stat);
}

/** Hundredths of a second, on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** Of /proc/PID/smaps_rollup and /proc/PID/stat. */
export function parseUsage(rollup: string, stat: string): Usage {
  const kb = (name: string): number => {
    const [, amount] = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(rollup) ?? [];
    if (amount === undefined) throw new Error(`the kernel does not say ${name}`);
    return Number(amount);
  };
  // The name of the program, in brackets, may hold blanks; utime and stime are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    residentKb: kb('Rss'),
    privateKb: kb('Private_Dirty') + kb('Private_Clean'),
    cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
  };
}
