import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGuard } from './cluster/guard.ts';
import { runChild } from './tools/child.ts';

const BUILD = fileURLToPath(new URL('../worker/build.ts', import.meta.url));

/** Bundles the workflows as they are in the working tree into `dir`; in a process of its own, because it takes seconds of pure work. */
export async function bundleWorkflows(dir: string, signal: AbortSignal): Promise<string> {
  const path = join(dir, 'workflows.js');
  const guard = startGuard();
  try {
    await runChild({ command: process.execPath, args: [BUILD, path], signal, guard });
  } finally {
    guard.close();
  }
  return path;
}
