import { describe, expect, test } from '@jest/globals';
import { readEvictionAnswer, type HttpAnswer } from './eviction-answer.ts';
import { pauseAfterMs } from './eviction-pause.ts';

/** Texts as kube-apiserver 1.34 writes them (pkg/registry/core/pod/storage/eviction.go). */
const UID =
  'Operation cannot be fulfilled on Pod "db-0": the UID in the precondition (a) does not match the UID in record (b). The object might have been deleted and then recreated';
const TWO =
  'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
const NEEDS = 'he disruption budget web needs 2 healthy pods and has 2 currently';
const PROCESSED = 'The disruption budget web is still being processed by the server.';
const HOOK = 'admission webhook "guard.example.com" denied the request: leader';
const HOOK_IS_AWAY = 'Internal error occurred: failed calling webhook "guard.example.com": timeout';
const POLICY = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: leader";
const MAY_NOT = 'cannot create resource "pods/eviction"';
const budget = (message: string) => [{ reason: 'DisruptionBudget', message }];
const TERMINATING = [
  { reason: 'NamespaceTerminating', message: 'namespace x is being terminated' },
];
const failed = (words: string) => ({ kind: 'failed', because: `the API server failed: ${words}` });

describe('readEvictionAnswer', () => {
  test.each<[name: string, answer: Partial<HttpAnswer>, expected: object]>([
    ['201 is evicted', { status: 201 }, { kind: 'evicted' }],
    ['404 is gone', { status: 404, message: 'pods "web-1" not found' }, { kind: 'gone' }],
    [
      '409 about the UID: another pod has the name',
      { status: 409, message: UID },
      { kind: 'gone' },
    ],
    [
      '409 about the resource version is a failure, for the pod is still there',
      { status: 409, message: 'the object has been modified' },
      failed('HTTP 409, the object has been modified'),
    ],
    [
      '429 with a DisruptionBudget cause names the budget',
      { status: 429, causes: budget(`T${NEEDS}`), retryAfterMs: 10_000 },
      { kind: 'blocked-by-budget', budget: 'web', because: `t${NEEDS}`, retryAfterMs: 10_000 },
    ],
    [
      '429 with a budget the server is still looking at names it too',
      { status: 429, causes: budget(PROCESSED) },
      { kind: 'blocked-by-budget', budget: 'web' },
    ],
    [
      '429 without that cause is the API server protecting itself',
      { status: 429, message: 'too many', retryAfterMs: 1_000 },
      { kind: 'throttled', because: 'the API server is overloaded: too many', retryAfterMs: 1_000 },
    ],
    ['500 about more than one budget', { status: 500, message: TWO }, { kind: 'two-budgets' }],
    ['a webhook that refuses', { status: 400, message: HOOK }, { kind: 'denied', because: HOOK }],
    ['one that refuses with 429', { status: 429, message: HOOK }, { kind: 'denied' }],
    ['one that does not answer', { status: 500, message: HOOK_IS_AWAY }, { kind: 'failed' }],
    ['an admission policy that refuses', { status: 422, message: POLICY }, { kind: 'denied' }],
    [
      '403 in a namespace that is going away',
      { status: 403, causes: TERMINATING },
      { kind: 'namespace-terminating' },
    ],
    [
      'any other 403 says what is missing',
      { status: 403, message: MAY_NOT },
      { kind: 'forbidden', because: `the worker may not evict it: ${MAY_NOT}` },
    ],
    ['no answer', { message: 'ECONNREFUSED' }, failed('no answer, ECONNREFUSED')],
  ])('%s', (_, answer, expected) => {
    expect(readEvictionAnswer({ message: '', causes: [], ...answer }, 'evict')).toMatchObject(
      expected,
    );
  });
});

test('a refused delete is said as one', () => {
  const refused = { status: 403, message: 'cannot delete resource "pods"', causes: [] };
  expect(readEvictionAnswer(refused, 'delete')).toEqual({
    kind: 'forbidden',
    because: 'the worker may not delete it: cannot delete resource "pods"',
  });
});

describe('pauseAfterMs', () => {
  const blocked = { kind: 'blocked-by-budget', because: '' } as const;
  const denied = { kind: 'denied', because: '' } as const;

  test.each([
    { name: 'begins with 5 s', answer: blocked, tries: 1, random: 0, expected: 5_000 },
    { name: 'spreads by a quarter', answer: blocked, tries: 1, random: 0.8, expected: 6_000 },
    {
      name: 'never asks before Retry-After',
      answer: { ...blocked, retryAfterMs: 90_000 },
      tries: 1,
      random: 0,
      expected: 90_000,
    },
    { name: 'asks slowly after a refusal', answer: denied, tries: 1, random: 0, expected: 30_000 },
  ])('$name', ({ answer, tries, random, expected }) =>
    expect(pauseAfterMs(answer, tries, random)).toBe(expected),
  );
});
