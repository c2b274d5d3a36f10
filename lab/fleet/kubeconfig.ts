import { readFile, writeFile } from 'node:fs/promises';
import type { ClusterFacts } from '../cluster/contract.ts';
import type { Kube } from './kube.ts';
import type { Component } from './manifests.ts';

/** No lab lives longer. */
const LIFETIME_SECONDS = 30 * 24 * 3_600;

/** Writes a kubeconfig with which one acts as the component's service account, and as nobody else. */
export async function writeKubeconfig(
  kube: Kube,
  cluster: ClusterFacts,
  { namespace, serviceAccount }: Pick<Component, 'namespace' | 'serviceAccount'>,
  path: string,
): Promise<void> {
  const answer = await kube.post<{ status: { token: string } }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: LIFETIME_SECONDS },
    },
  );
  const ca = await readFile(cluster.caPath);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'lab',
        cluster: {
          server: cluster.apiServerUrl,
          'certificate-authority-data': ca.toString('base64'),
        },
      },
    ],
    users: [{ name: serviceAccount, user: { token: answer.status.token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: serviceAccount, namespace } }],
    'current-context': 'lab',
  };
  await writeFile(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
}
