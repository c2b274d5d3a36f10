import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ClusterFacts } from '../../lab/cluster/contract.ts';
import type { Tools } from '../../lab/tools/contract.ts';

/** Names the JSON file with the facts about the cluster of this run. */
export const LAB_VARIABLE = 'LOCKKEEPER_LAB';

/** The shared cluster, and the programs for a test that starts one of its own. */
export interface LabFacts extends ClusterFacts {
  readonly tools: Tools;
}

/** The cluster that set-up started for this run. Others use it too: name your nodes after your test. */
export function lab(): LabFacts {
  const path = process.env[LAB_VARIABLE];
  if (path === undefined) {
    throw new Error(`${LAB_VARIABLE} is not set: run integration tests through npm test`);
  }
  return JSON.parse(readFileSync(path, 'utf8')) as LabFacts;
}

/** Processes of the lab whose command line names its directory. */
export function processesOf(dir: string): string[] {
  const all = execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  return all.filter((args) => args.includes(dir) && !args.includes('doomed-cluster.ts'));
}
