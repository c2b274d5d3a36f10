import type { ObjectAnswer, ObjectQuestion } from '../../domain/gates/outside-gate.ts';
import { messageOf } from '../../domain/message-of.ts';
import { kindOf } from '../failure.ts';
import { SharedAnswers } from '../shared-answers.ts';
import { present } from '../../domain/present.ts';
import { asking, statusOf, type KubeClient } from './client.ts';
import { listAll } from './collection.ts';
import { limited } from './request-limit.ts';

/** Objects of any kind that gates ask for. */
export interface ObjectApi {
  /** What was said at most `maxAgeMs` ago to anybody else will do. Rejects only while the API server is away. */
  ask(question: ObjectQuestion, maxAgeMs: number): Promise<ObjectAnswer>;
}

/** The ObjectApi of a real API server. */
export function objectApi(client: Pick<KubeClient, 'objects'>): ObjectApi {
  const shared = new SharedAnswers<ObjectAnswer>();
  return {
    ask: (question, maxAgeMs) =>
      shared.at(JSON.stringify(question), maxAgeMs, () => answer(client, question)),
  };
}

async function answer(
  client: Pick<KubeClient, 'objects'>,
  question: ObjectQuestion,
): Promise<ObjectAnswer> {
  try {
    const objects =
      question.verb === 'get' ? [await read(client, question)] : await list(client, question);
    return { kind: 'found', objects };
  } catch (error) {
    if (statusOf(error) === 404) return { kind: 'missing' };
    const kind = kindOf(error);
    if (kind !== 'kube-forbidden' && kind !== 'kube-rejected') throw error;
    return { kind: 'unknown', because: messageOf(error) };
  }
}

async function read(
  { objects }: Pick<KubeClient, 'objects'>,
  { group, version, resource: plural, namespace, name }: ObjectQuestion & { verb: 'get' },
): Promise<unknown> {
  return await asking(`reading ${plural} ${namespace}/${name}`, () =>
    objects.getNamespacedCustomObject({ group, version, plural, namespace, name }, limited()),
  );
}

interface Page {
  readonly items: unknown[];
  readonly metadata?: { readonly continue?: string };
}

async function list(
  { objects }: Pick<KubeClient, 'objects'>,
  { group, version, resource: plural, namespace, selector }: ObjectQuestion & { verb: 'list' },
): Promise<readonly unknown[]> {
  const what = { group, version, plural, labelSelector: selector };
  const page = async (query: { limit: number; _continue?: string }) => {
    const { items, metadata } = (await asking(`listing ${plural}`, () =>
      namespace === undefined
        ? objects.listClusterCustomObject({ ...what, ...query }, limited())
        : objects.listNamespacedCustomObject({ ...what, ...query, namespace }, limited()),
    )) as Page;
    return { items, metadata: present({ _continue: metadata?.continue }) };
  };
  const { items } = await listAll(page, (object) => object);
  return items;
}
