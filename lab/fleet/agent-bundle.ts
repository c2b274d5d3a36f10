import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { ClusterFacts } from '../cluster/contract.ts';
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

/** What the DaemonSet would give its container, with the paths of this node; nothing of our own environment but PATH. */
export function agentEnv(cluster: ClusterFacts, node: string, files: NodeFiles): NodeJS.ProcessEnv {
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
