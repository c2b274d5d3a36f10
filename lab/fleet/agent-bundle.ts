import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { ClusterFacts } from '../cluster/contract.ts';
import type { ProcessSpec } from '../cluster/process.ts';
import type { NodeFiles } from './node-files.ts';

/** Bundles lab/agent.ts into one file, as the agent's image has it: it starts faster than many modules. */
export async function bundleAgent(outfile: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('../agent.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    logLevel: 'silent',
  });
}

export const bundlePath = (cluster: ClusterFacts): string => join(cluster.dir, 'agent.cjs');
export const agentLogsDir = (cluster: ClusterFacts): string => join(cluster.logsDir, 'agents');

/** The agent process of one node, as the agent's image starts it. */
export function agentSpec(
  cluster: ClusterFacts,
  { node, files }: { node: string; files: NodeFiles },
): ProcessSpec {
  return {
    name: `agent of ${node}`,
    command: process.execPath,
    args: ['--max-old-space-size=32', '--max-semi-space-size=1', bundlePath(cluster)],
    env: agentEnv(cluster, node, files),
    logPath: join(agentLogsDir(cluster), `${node}.log`),
  };
}

/** What the DaemonSet would give its container, with the paths of this node; nothing of our own environment but PATH. */
function agentEnv(cluster: ClusterFacts, node: string, files: NodeFiles): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    LOCKKEEPER_NODE_ID: node,
    LOCKKEEPER_REBOOT_SENTINEL: files.sentinel,
    LOCKKEEPER_BOOT_ID: files.bootId,
    LOCKKEEPER_API_SERVER: cluster.apiServerUrl,
    LOCKKEEPER_TOKEN_FILE: files.token,
    LOCKKEEPER_CA_FILE: cluster.caPath,
    // The shortest there is: nobody wants to wait a minute in front of a screen.
    LOCKKEEPER_PERIOD: '1s',
    LOCKKEEPER_LOG_FORMAT: 'text',
    LAB_REBOOT_ASKED: files.rebootAsked,
  };
}
