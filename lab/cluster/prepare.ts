import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ClusterFacts, ClusterOptions } from './contract.ts';
import { writeCredentials, writeKubeletCredentials } from './credentials.ts';
import { writeKubelet } from './kubelet.ts';
import { freePorts } from './ports.ts';
import { PORT_NAMES, type Ports, type SpecFacts } from './specs.ts';

/** Chooses ports and writes every file that the processes of a cluster read. */
export async function prepare(
  options: ClusterOptions,
): Promise<{ cluster: ClusterFacts; specs: SpecFacts }> {
  const dir = resolve(options.dir);
  const logsDir = join(dir, 'logs');
  await mkdir(logsDir, { recursive: true });
  const ports = await choosePorts(options);
  const apiServerUrl = `https://127.0.0.1:${ports.apiserver}`;
  const credentials = await writeCredentials(dir, apiServerUrl);
  const auditPath = join(dir, 'audit.jsonl');
  const { embedded, kubeletAuthority } = options;
  const ui = (embedded === undefined || embedded.ui !== undefined) && (options.ui ?? true);
  return {
    specs: {
      dir,
      logsDir,
      auditPath,
      ports,
      credentials,
      ui,
      tools: options.tools,
      temporalDb: options.temporalDb ?? 'file',
      embedded,
      realKubelets: kubeletAuthority && (await writeKubeletCredentials(dir, kubeletAuthority)),
      kubelet: embedded && (await writeKubelet(dir, ports.temporal)),
    },
    cluster: {
      dir,
      logsDir,
      auditPath,
      apiServerUrl,
      kubeconfigPath: credentials.kubeconfigs.admin,
      caPath: credentials.caPath,
      adminToken: credentials.tokens.admin,
      kubeletToken: credentials.tokens.kubelet,
      temporalAddress: `127.0.0.1:${ports.temporal}`,
      temporalNamespace: 'default',
      ...(ui ? { webUiUrl: `http://127.0.0.1:${ports.temporalUi}` } : {}),
    },
  };
}

/** Free ones, for all that a cluster may have. */
export async function choosePorts(options: Pick<ClusterOptions, 'uiPort'> = {}): Promise<Ports> {
  const chosen = await freePorts(PORT_NAMES.length);
  const ports = Object.fromEntries(
    PORT_NAMES.map((name, index) => [name, chosen[index]]),
  ) as unknown as Record<keyof Ports, number>;
  if (options.uiPort !== undefined) ports.temporalUi = options.uiPort;
  return ports;
}
