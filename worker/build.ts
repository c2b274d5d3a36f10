import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const WORKFLOWS = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../dist/workflows.js', import.meta.url));

/** Bundles the workflows into one file. Written aside and renamed, so that a worker starting meanwhile reads a whole one. */
export async function buildWorkflows(to = BUNDLE): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    logger: new DefaultLogger('WARN'),
  });
  await mkdir(dirname(to), { recursive: true });
  await writeFile(`${to}.${process.pid}`, code);
  await rename(`${to}.${process.pid}`, to);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildWorkflows(process.argv[2]);
}
