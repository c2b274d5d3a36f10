import { ANNOTATION, writeAnswer } from '../domain/node-contract.ts';
import type { RebootAnswer } from '../domain/node-contract.ts';
import { KubeError } from './kube.ts';
import type { Kube } from './kube.ts';
import type { SeenNode } from './watch.ts';

const REQUEST_DEADLINE_MS = 10_000;

const pathIn = (annotation: string) =>
  `/metadata/annotations/${annotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** The answer as it now stands on the node, or why it was not written. */
export type AnswerOutcome =
  { readonly kind: 'written'; readonly text: string } | { readonly kind: 'order-changed' };

/**
 * Writes an answer if order and answer on the node still are exactly what was judged, so that the API server
 * decides the race with a withdrawal. Rejects with a KubeError when it is not known whether it was written.
 */
export async function writeAnswerTo(
  kube: Kube,
  node: string,
  { seen, answer }: { seen: SeenNode; answer: RebootAnswer },
  signal: AbortSignal,
): Promise<AnswerOutcome> {
  const text = writeAnswer(answer);
  const body = [
    { op: 'test', path: pathIn(ANNOTATION.order), value: seen.orderText },
    // A test for null holds when there is none (RFC 6902 leaves it open; the API server does so).
    { op: 'test', path: pathIn(ANNOTATION.answer), value: seen.answerText ?? null },
    { op: 'add', path: pathIn(ANNOTATION.answer), value: text },
  ];
  const contentType = 'application/json-patch+json';
  const path = `/api/v1/nodes/${encodeURIComponent(node)}`;
  try {
    await kube.send({ method: 'PATCH', path, contentType, body }, REQUEST_DEADLINE_MS, signal);
    return { kind: 'written', text };
  } catch (error) {
    // The API server answers 422 to a failed `test`.
    if (error instanceof KubeError && error.status === 422) return { kind: 'order-changed' };
    throw error;
  }
}
