import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authority } from '../proxy/authority.ts';
import { AUDIT_POLICY } from './audit.ts';

// Each part of the cluster has a user of its own, so that the audit log tells them apart.
const USERS = {
  admin: 'admin',
  kubelet: 'lab-kubelet',
  kwok: 'kwok',
  controllerManager: 'system:kube-controller-manager',
  scheduler: 'system:kube-scheduler',
} as const;
type UserKey = keyof typeof USERS;

/** Files and tokens by which the processes of one cluster know each other. */
export interface Credentials {
  readonly tokens: Readonly<Record<UserKey, string>>;
  readonly kubeconfigs: Readonly<Record<UserKey, string>>;
  readonly tokenFile: string;
  readonly serviceAccountKey: string;
  readonly auditPolicy: string;
  readonly certDir: string;
  /** Written by the API server when it first starts: its certificate and the authority that signed it. */
  readonly caPath: string;
}

/** By which the API server and the kubelets of real machines know each other, as PEM files. */
export interface KubeletCredentials {
  /** Of the authority that signed all of them. */
  readonly authority: string;
  /** The API server's own, towards kubelets. */
  readonly cert: string;
  readonly key: string;
}

/** Writes what the API server shows to kubelets, and by what it knows them. */
export async function writeKubeletCredentials(
  dir: string,
  authority: Authority,
): Promise<KubeletCredentials> {
  const path = (name: string): string => join(dir, 'certs', name);
  const files = { authority: path('kubelets.crt'), cert: path('to-kubelets.crt') };
  const key = path('to-kubelets.key');
  const until = new Date(Date.now() + 30 * 86_400_000);
  const own = await authority.issue({
    name: 'kube-apiserver',
    organization: 'system:masters',
    until,
  });
  await writeFile(files.authority, authority.cert);
  await writeFile(files.cert, own.cert);
  await writeSecret(key, own.key);
  return { ...files, key };
}

/** Writes fresh secrets into `dir`, readable by the owner only. */
export async function writeCredentials(dir: string, apiServerUrl: string): Promise<Credentials> {
  const certDir = join(dir, 'certs');
  await mkdir(certDir, { recursive: true });
  const caPath = join(certDir, 'apiserver.crt');
  const keys = Object.keys(USERS) as UserKey[];
  const tokens = mapUsers(() => randomBytes(24).toString('base64url'));
  const kubeconfigs = mapUsers((key) =>
    join(dir, key === 'admin' ? 'kubeconfig' : `${key}.kubeconfig`),
  );
  const tokenFile = join(dir, 'tokens.csv');
  const serviceAccountKey = join(certDir, 'service-account.key');
  const auditPolicy = join(dir, 'audit-policy.json');
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await Promise.all([
    writeSecret(serviceAccountKey, privateKey),
    writeSecret(
      tokenFile,
      keys.map((key) => `${tokens[key]},${USERS[key]},${key},system:masters\n`).join(''),
    ),
    writeSecret(auditPolicy, JSON.stringify(AUDIT_POLICY)),
    ...keys.map((key) =>
      writeKubeconfig(kubeconfigs[key], { apiServerUrl, caPath, token: tokens[key] }),
    ),
  ]);
  return { tokens, kubeconfigs, tokenFile, serviceAccountKey, auditPolicy, certDir, caPath };
}

function mapUsers(make: (key: UserKey) => string): Record<UserKey, string> {
  return {
    admin: make('admin'),
    kubelet: make('kubelet'),
    kwok: make('kwok'),
    controllerManager: make('controllerManager'),
    scheduler: make('scheduler'),
  };
}

/** Writes a kubeconfig for whoever has the token. */
export function writeKubeconfig(
  path: string,
  { apiServerUrl, caPath, token, namespace = 'default' }: Access,
): Promise<void> {
  // JSON is YAML, and needs no escaping rules of our own.
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    clusters: [{ name: 'lab', cluster: { server: apiServerUrl, 'certificate-authority': caPath } }],
    users: [{ name: 'lab', user: { token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab', namespace } }],
  };
  return writeSecret(path, JSON.stringify(config, undefined, 2));
}

interface Access {
  readonly apiServerUrl: string;
  readonly caPath: string;
  readonly token: string;
  readonly namespace?: string;
}

function writeSecret(path: string, text: string): Promise<void> {
  return writeFile(path, text, { mode: 0o600 });
}
