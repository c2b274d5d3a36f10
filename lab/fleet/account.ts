import type { ClusterFacts } from '../cluster/contract.ts';
import { writeKubeconfig } from '../cluster/credentials.ts';
import type { Kube } from './kube.ts';

/** A service account. */
export interface Account {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** A token of the account; `spec` is that of a TokenRequest, such as the pod that it is bound to. */
export async function requestToken(
  kube: Kube,
  { namespace, serviceAccount }: Account,
  spec: object = {},
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  return (await kube.post<{ status: { token: string } }>(path, request)).status.token;
}

/** No lab lives longer. */
const LIFETIME_SECONDS = 30 * 24 * 3_600;

/** Writes a kubeconfig with which one acts as the account, and as nobody else. */
export async function writeAccountKubeconfig(
  kube: Kube,
  { apiServerUrl, caPath }: ClusterFacts,
  account: Account,
  path: string,
): Promise<void> {
  const token = await requestToken(kube, account, { expirationSeconds: LIFETIME_SECONDS });
  await writeKubeconfig(path, { apiServerUrl, caPath, token, namespace: account.namespace });
}
