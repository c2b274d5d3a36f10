import { present } from './present.ts';

/** What the API server's answer to an eviction (or a delete) means. Pure; the HTTP is in activities/kube/pods.ts. */

/** An HTTP answer as far as it was understood; `status` is absent when none came at all. */
export interface HttpAnswer {
  readonly status?: number;
  readonly message: string;
  /** `details.causes` of the Status object. */
  readonly causes: readonly { readonly reason: string; readonly message: string }[];
  readonly retryAfterMs?: number;
}

/** A closed list: what the drain loop does next depends on the kind alone. `because` is for people. */
export type EvictionAnswer =
  | { readonly kind: 'evicted' }
  /** The pod asked for is not there any more: deleted, or another one has its name. */
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'blocked-by-budget';
      /** The PodDisruptionBudget's name, when the server said it. */
      readonly budget?: string;
      readonly because: string;
      readonly retryAfterMs?: number;
    }
  /** Two PodDisruptionBudgets select the pod: Kubernetes refuses to evict it until one of them goes. */
  | { readonly kind: 'two-budgets'; readonly because: string }
  | { readonly kind: 'denied'; readonly because: string }
  | { readonly kind: 'namespace-terminating'; readonly because: string }
  | { readonly kind: 'forbidden'; readonly because: string }
  /** The API server protects itself (priority and fairness); says nothing about the pod. */
  | { readonly kind: 'throttled'; readonly because: string; readonly retryAfterMs?: number }
  | { readonly kind: 'failed'; readonly because: string };

/** What the API server was asked to do with the pod. */
export type Asked = 'evict' | 'delete';

type Rule = (answer: HttpAnswer, asked: Asked) => EvictionAnswer | undefined;

/** In this order; the first that has something to say decides. */
const RULES: readonly Rule[] = [
  evicted,
  anotherPodHasTheName,
  notFound,
  webhook,
  admissionPolicy,
  overloadedOrBudget,
  twoBudgets,
  namespaceTerminating,
  forbidden,
];

export function readEvictionAnswer(answer: HttpAnswer, asked: Asked): EvictionAnswer {
  for (const rule of RULES) {
    const meaning = rule(answer, asked);
    if (meaning) return meaning;
  }
  const status = answer.status === undefined ? 'no answer' : `HTTP ${answer.status}`;
  return { kind: 'failed', because: `the API server failed: ${status}, ${answer.message}` };
}

function evicted({ status = 0 }: HttpAnswer): EvictionAnswer | undefined {
  return status >= 200 && status < 300 ? { kind: 'evicted' } : undefined;
}

/** Only a 409 about the UID: one about the resource version means somebody else was writing, and the pod is still there. */
function anotherPodHasTheName({ status, message }: HttpAnswer): EvictionAnswer | undefined {
  return status === 409 && /\bUID\b/.test(message) ? { kind: 'gone' } : undefined;
}

function notFound({ status }: HttpAnswer): EvictionAnswer | undefined {
  return status === 404 ? { kind: 'gone' } : undefined;
}

/** A 429 is a budget's only when it says so (kubernetes/kubernetes#106286). */
function overloadedOrBudget(answer: HttpAnswer): EvictionAnswer | undefined {
  if (answer.status !== 429) return undefined;
  const { retryAfterMs } = answer;
  const cause = answer.causes.find(({ reason }) => reason === 'DisruptionBudget');
  if (!cause) {
    const because = `the API server is overloaded: ${answer.message}`;
    return { kind: 'throttled', because, ...present({ retryAfterMs }) };
  }
  const budget = /disruption budget (\S+) /i.exec(cause.message)?.[1];
  return {
    kind: 'blocked-by-budget',
    because: lowerFirst(cause.message),
    ...present({ budget, retryAfterMs }),
  };
}

function twoBudgets({ status, message }: HttpAnswer): EvictionAnswer | undefined {
  if (status !== 500 || !message.includes('more than one PodDisruptionBudget')) return undefined;
  return {
    kind: 'two-budgets',
    because: 'more than one disruption budget selects it, so Kubernetes cannot evict it',
  };
}

/** A webhook chooses the status of its refusal. One that does not answer is a failure of the API, not a refusal. */
function webhook({ status = 0, message }: HttpAnswer): EvictionAnswer | undefined {
  if (status < 400 || !/admission webhook ".*" denied/.test(message)) return undefined;
  return { kind: 'denied', because: message };
}

function admissionPolicy({ status = 0, message }: HttpAnswer): EvictionAnswer | undefined {
  if (status < 400 || !message.includes('ValidatingAdmissionPolicy')) return undefined;
  return { kind: 'denied', because: message };
}

function namespaceTerminating(answer: HttpAnswer): EvictionAnswer | undefined {
  const said = answer.causes.some(({ reason }) => reason === 'NamespaceTerminating');
  if (answer.status !== 403 || !said) return undefined;
  return {
    kind: 'namespace-terminating',
    because: 'its namespace is being deleted, which will delete it too',
  };
}

function forbidden({ status, message }: HttpAnswer, asked: Asked): EvictionAnswer | undefined {
  if (status !== 401 && status !== 403) return undefined;
  return { kind: 'forbidden', because: `the worker may not ${asked} it: ${message}` };
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
