import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { encryptedBundle } from './encryption/bundle-path.ts';

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const WORKFLOWS = pathOf('../workflows/index.ts');
const FAILURES = pathOf('encryption/failure-converter.ts');
const BUNDLE = pathOf('../dist/workflows.js');

/** Bundles the workflows into one file. Written aside and renamed, so that a worker starting meanwhile reads a whole one. */
export async function buildWorkflows(to: string): Promise<void> {
  await bundle(to, {});
}

/** The same for workers that encrypt, beside where the other one is. */
export async function buildEncryptedWorkflows(beside: string): Promise<void> {
  await bundle(encryptedBundle(beside), { failureConverterPath: FAILURES });
}

async function bundle(to: string, options: { failureConverterPath?: string }): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    logger: new DefaultLogger('WARN'),
    ...options,
  });
  await mkdir(dirname(to), { recursive: true });
  await writeFile(`${to}.${process.pid}`, code);
  await rename(`${to}.${process.pid}`, to);
}

/** `build.ts [PATH [--encrypted]]`: one of them at a path; without one both, in dist/. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , to, kind] = process.argv;
  if (kind !== '--encrypted') await buildWorkflows(to ?? BUNDLE);
  if (kind === '--encrypted' || to === undefined) await buildEncryptedWorkflows(to ?? BUNDLE);
}
