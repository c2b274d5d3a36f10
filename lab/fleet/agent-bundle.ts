import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { ClusterFacts } from '../cluster/contract.ts';
import type { ProcessSpec } from '../cluster/process.ts';
import { environmentOf, type Container } from './container.ts';
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

interface AgentPlace {
  readonly node: string;
  readonly files: NodeFiles;
  /** As the DaemonSet has it. */
  readonly container: Container;
}

/** The agent process of one node: the command and the environment of its container. */
export function agentSpec(
  cluster: ClusterFacts,
  { node, files, container }: AgentPlace,
): ProcessSpec {
  return {
    name: `agent of ${node}`,
    command: process.execPath,
    // Between `node` and the file of the image.
    args: [...(container.command ?? []).slice(1, -1), bundlePath(cluster)],
    env: {
      ...environmentOf(container, {
        fields: { 'spec.nodeName': node },
        mounts: { '/sentinel': dirname(files.sentinel) },
      }),
      ...placeEnv(cluster, files),
    },
    logPath: join(agentLogsDir(cluster), `${node}.log`),
  };
}

/** What a pod finds in its place without being told; nothing of our own environment but PATH. */
function placeEnv(cluster: ClusterFacts, files: NodeFiles): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
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
