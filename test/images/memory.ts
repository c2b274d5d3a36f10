import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container } from '../../lab/fleet/container.ts';
import { pidOf } from './container.ts';

const UNITS = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 } as const;

/** The memory limit of a container of a manifest, in bytes. */
export function memoryLimitOf({ resources }: Container): number {
  const memory = resources?.limits?.memory ?? 'none';
  const [, amount, unit] = /^(\d+)(Ki|Mi|Gi)$/.exec(memory) ?? [];
  if (unit === undefined) throw new Error(`this test cannot read the limit ${memory}`);
  return Number(amount) * UNITS[unit as keyof typeof UNITS];
}

/** The limit that the kernel has for a container, in bytes, whichever version its cgroups are of. */
export async function limitInForce(name: string): Promise<number> {
  const groups = await readFile(`/proc/${await pidOf(name)}/cgroup`, 'utf8');
  const files = groups.split('\n').flatMap((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers.split(',').includes('memory')) {
      return [join('/sys/fs/cgroup/memory', path, 'memory.limit_in_bytes')];
    }
    return controllers === '' && path ? [join('/sys/fs/cgroup', path, 'memory.max')] : [];
  });
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return Number(text.trim());
  }
  throw new Error(`the kernel names no memory limit of ${name}`);
}
