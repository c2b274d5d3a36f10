import { rm } from 'node:fs/promises';
import { running } from './running.ts';

/** Ends the cluster of the run and removes its directory. */
export default async function teardown(): Promise<void> {
  const { cluster } = running;
  if (cluster === undefined) return;
  await cluster.stop();
  await rm(cluster.dir, { recursive: true, force: true });
}
