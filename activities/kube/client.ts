import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  PolicyV1Api,
  StorageV1Api,
  Watch,
} from '@kubernetes/client-node';
import { fieldsOf, parseJson } from '../../domain/fields.ts';
import { words } from '../../domain/outside.ts';
import { failure } from '../failure.ts';
import { firstWords } from '../http.ts';

/** The typed clients every Kubernetes effect here is made of. */
export interface KubeClient {
  readonly apps: AppsV1Api;
  readonly core: CoreV1Api;
  /** Objects of any kind, as JSON. */
  readonly objects: CustomObjectsApi;
  readonly policy: PolicyV1Api;
  readonly storage: StorageV1Api;
  readonly watch: Watch;
}

/** A configuration that cannot be read; says in one line which, and why. */
export class BadKubeConfig extends Error {}

/** In the cluster: the pod's service account; elsewhere: KUBECONFIG or ~/.kube/config, as kubectl. Throws BadKubeConfig. */
export const kubeConfig = (): KubeConfig =>
  readable(() => {
    const config = new KubeConfig();
    config.loadFromDefault();
    return config;
  });

/** A client of what `kubeConfig` answers. Throws BadKubeConfig. */
export function connectKube(): KubeClient {
  const config = kubeConfig();
  return readable(() => kubeClient(config));
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const [because = ''] = wordsOf(error).split('\n');
    const where = process.env['KUBECONFIG'] ?? '~/.kube/config';
    throw new BadKubeConfig(
      `the configuration of Kubernetes (${where}) cannot be read: ${because}`,
    );
  }
}

export function kubeClient(config: KubeConfig): KubeClient {
  return {
    apps: config.makeApiClient(AppsV1Api),
    core: config.makeApiClient(CoreV1Api),
    objects: config.makeApiClient(CustomObjectsApi),
    policy: config.makeApiClient(PolicyV1Api),
    storage: config.makeApiClient(StorageV1Api),
    // By default a stream silent for 30 s is cut. Bookmarks come about once a minute, so only a dead one is silent for two.
    watch: Object.assign(new Watch(config), { requestTimeoutMs: 120_000 }),
  };
}

/** The HTTP status an API call failed with, or undefined when no answer came at all. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof ApiException ? error.code : undefined;
}

/** For a call that may find nothing: undefined after a 404; anything else is thrown on. */
export function absent(error: unknown): undefined {
  if (statusOf(error) === 404) return undefined;
  throw error;
}

/** The `message` of a Kubernetes Status answer, or the first words of any other, which client-node keeps as unparsed text. */
export function answerOf(error: unknown): string {
  if (!(error instanceof ApiException)) return wordsOf(error);
  const body: unknown = error.body;
  const { message } = fieldsOf(typeof body === 'string' ? parseJson(body) : body);
  if (typeof message === 'string') return words(message, LONGEST_ANSWER);
  // No API server: what stands in front of it says who it is in its first words.
  const said = typeof body === 'string' ? firstWords(body) : '';
  return `HTTP ${error.code}${said === '' ? '' : `: ${said}`}`;
}

/** A webhook may say a page. */
const LONGEST_ANSWER = 500;

/** undici says only "fetch failed"; why is in the cause. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/**
 * Runs one API call and translates what it throws into a known failure; `doing` starts the message.
 * 404, 409 and 422 are left to the caller, who knows what they mean there.
 */
export async function asking<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translate(doing, error);
  }
}

const CALLER_DECIDES = new Set([404, 409, 422]);
const TRY_AGAIN = new Set([408, 429]);

function translate(doing: string, error: unknown): unknown {
  const status = statusOf(error) ?? 503;
  if (CALLER_DECIDES.has(status)) return error;
  const message = `${doing}: ${answerOf(error)}`;
  if (status === 401 || status === 403) return failure('kube-forbidden', message, error);
  if (status >= 500 || TRY_AGAIN.has(status)) return failure('kube-unavailable', message, error);
  return failure('kube-rejected', message, error);
}
