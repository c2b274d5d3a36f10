import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { environmentOf, type Container } from '../fleet/container.ts';
import { podSpecOf, readManifests } from '../fleet/manifests.ts';
import { ensureTool, type EnsureOptions } from '../tools/ensure.ts';
import { answers } from './http.ts';
import type { ProcessSpec } from './process.ts';
import type { Ports } from './specs.ts';

/** The server that the chart brings along in the worker's pod, as a process. */
export interface EmbeddedTemporal {
  /** Path of temporal-server. */
  readonly program: string;
  /** As the StatefulSet has it. */
  readonly container: Container;
  /** Path of the Web UI; absent: it is not wanted. */
  readonly ui?: string;
}

/** The programs, and the container of deploy/lockkeeper.yaml that the server runs in. */
export async function embeddedTemporal(
  options: EnsureOptions,
  { ui = false } = {},
): Promise<EmbeddedTemporal> {
  const { objects } = await readManifests();
  const { containers } = podSpecOf(objects, 'StatefulSet');
  const container = containers.find(({ name }) => name === 'temporal');
  if (!container) throw new Error('deploy/lockkeeper.yaml brings no Temporal along');
  const program = await ensureTool('temporalServer', options);
  return { program, container, ...(ui && { ui: await ensureTool('temporalUi', options) }) };
}

/** Where the server keeps its database in a cluster of this directory. */
export const embeddedDatabase = (dir: string): string => join(dir, 'temporal-data', 'temporal.db');

/** Its command with the variables of its container; only the ports are those of the lab. */
export function embeddedServer(
  { program, container }: EmbeddedTemporal,
  { dir, ports }: { readonly dir: string; readonly ports: Ports },
): Pick<ProcessSpec, 'command' | 'args' | 'env' | 'isReady'> {
  const config = join(dir, 'temporal-config');
  for (const made of ['temporal-data', 'temporal-config', 'temporal-tmp']) {
    mkdirSync(join(dir, made), { recursive: true });
  }
  writeFileSync(join(config, 'dynamicconfig.yaml'), '{}\n');
  return {
    command: program,
    // After the name of the program.
    args: (container.command ?? []).slice(1),
    env: {
      PATH: process.env['PATH'],
      ...environmentOf(container, {
        mounts: {
          '/var/lib/temporal': join(dir, 'temporal-data'),
          '/etc/temporal/lockkeeper': config,
          '/tmp': join(dir, 'temporal-tmp'),
        },
      }),
      ...portsOfServer(ports),
    },
    isReady: answers(`http://127.0.0.1:${ports.temporalHttp}/api/v1/system-info`),
  };
}

/** What the chart writes for the Web UI, with the ports of the lab. */
export const configOfUi = (ports: Pick<Ports, 'temporal' | 'temporalUi'>): object => ({
  temporalGrpcAddress: `127.0.0.1:${ports.temporal}`,
  host: '127.0.0.1',
  port: ports.temporalUi,
  enableUi: true,
  defaultNamespace: 'default',
  disableNewsFetch: true,
});

/** The Web UI, as its container has it. */
export function embeddedUi(
  program: string,
  { dir, ports }: { readonly dir: string; readonly ports: Ports },
): Pick<ProcessSpec, 'command' | 'args' | 'env' | 'isReady'> {
  const root = join(dir, 'temporal-ui');
  mkdirSync(join(root, 'lockkeeper'), { recursive: true });
  writeFileSync(join(root, 'lockkeeper', 'ui.yaml'), stringify(configOfUi(ports)));
  return {
    command: program,
    args: ['--root', root, '--config', 'lockkeeper', '--env', 'ui', 'start'],
    env: { PATH: process.env['PATH'] },
    isReady: answers(`http://127.0.0.1:${ports.temporalUi}/`),
  };
}

/** The variables by which the server is told its ports. */
export const portsOfServer = (ports: Ports): Readonly<Record<string, string>> => ({
  FRONTEND_GRPC_PORT: String(ports.temporal),
  FRONTEND_HTTP_PORT: String(ports.temporalHttp),
  FRONTEND_MEMBERSHIP_PORT: String(ports.temporalFrontendMembers),
  HISTORY_GRPC_PORT: String(ports.temporalHistory),
  HISTORY_MEMBERSHIP_PORT: String(ports.temporalHistoryMembers),
  MATCHING_GRPC_PORT: String(ports.temporalMatching),
  MATCHING_MEMBERSHIP_PORT: String(ports.temporalMatchingMembers),
  WORKER_GRPC_PORT: String(ports.temporalWorker),
  WORKER_MEMBERSHIP_PORT: String(ports.temporalWorkerMembers),
});
