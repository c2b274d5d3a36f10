import { describe, expect, test } from '@jest/globals';
import { readEvictionAnswer, type HttpAnswer } from './eviction-answer.ts';
import { pauseAfterMs } from './eviction-pause.ts';

function anAnswer(facts: Partial<HttpAnswer>): HttpAnswer {
  return { message: '', causes: [], ...facts };
}

/** Texts as kube-apiserver 1.34 writes them (pkg/registry/core/pod/storage/eviction.go). */
const BUDGET = 'The disruption budget web needs 2 healthy pods and has 2 currently';

describe('readEvictionAnswer', () => {
  test.each<{ name: string; answer: HttpAnswer; expected: object }>([
    { name: '201 is evicted', answer: anAnswer({ status: 201 }), expected: { kind: 'evicted' } },
    {
      name: '404 is gone',
      answer: anAnswer({ status: 404, message: 'pods "web-1" not found' }),
      expected: { kind: 'gone' },
    },
    {
      name: '409 about the UID is gone: another pod has the name',
      answer: anAnswer({
        status: 409,
        message:
          'Operation cannot be fulfilled on Pod "db-0": the UID in the precondition (a) does not match the UID in record (b). The object might have been deleted and then recreated',
      }),
      expected: { kind: 'gone' },
    },
    {
      name: '409 about the resource version is a failure, for the pod is still there',
      answer: anAnswer({ status: 409, message: 'the object has been modified' }),
      expected: {
        kind: 'failed',
        because: 'the API server failed: HTTP 409, the object has been modified',
      },
    },
    {
      name: '429 with a DisruptionBudget cause names the budget',
      answer: anAnswer({
        status: 429,
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        causes: [{ reason: 'DisruptionBudget', message: BUDGET }],
        retryAfterMs: 10_000,
      }),
      expected: {
        kind: 'blocked-by-budget',
        budget: 'web',
        because: 'the disruption budget web needs 2 healthy pods and has 2 currently',
        retryAfterMs: 10_000,
      },
    },
    {
      name: '429 with a budget the server is still looking at names it too',
      answer: anAnswer({
        status: 429,
        causes: [
          {
            reason: 'DisruptionBudget',
            message: 'The disruption budget web is still being processed by the server.',
          },
        ],
      }),
      expected: { kind: 'blocked-by-budget', budget: 'web' },
    },
    {
      name: '429 without that cause is the API server protecting itself',
      answer: anAnswer({ status: 429, message: 'too many requests', retryAfterMs: 1_000 }),
      expected: {
        kind: 'throttled',
        because: 'the API server is overloaded: too many requests',
        retryAfterMs: 1_000,
      },
    },
    {
      name: '500 about more than one budget',
      answer: anAnswer({
        status: 500,
        message:
          'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      }),
      expected: { kind: 'two-budgets' },
    },
    {
      name: 'a webhook that refuses, with whatever status',
      answer: anAnswer({
        status: 400,
        message: 'admission webhook "guard.example.com" denied the request: leader',
      }),
      expected: {
        kind: 'denied',
        because: 'admission webhook "guard.example.com" denied the request: leader',
      },
    },
    {
      name: 'a webhook that refuses with 429 is throttled only in name',
      answer: anAnswer({
        status: 429,
        message: 'admission webhook "guard.example.com" denied the request: later',
      }),
      expected: { kind: 'denied' },
    },
    {
      name: 'a webhook that does not answer is a failure',
      answer: anAnswer({
        status: 500,
        message: 'Internal error occurred: failed calling webhook "guard.example.com": timeout',
      }),
      expected: { kind: 'failed' },
    },
    {
      name: 'an admission policy that refuses',
      answer: anAnswer({
        status: 422,
        message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: leader",
      }),
      expected: { kind: 'denied' },
    },
    {
      name: '403 in a namespace that is going away',
      answer: anAnswer({
        status: 403,
        causes: [{ reason: 'NamespaceTerminating', message: 'namespace x is being terminated' }],
      }),
      expected: { kind: 'namespace-terminating' },
    },
    {
      name: 'any other 403 says what is missing',
      answer: anAnswer({ status: 403, message: 'cannot create resource "pods/eviction"' }),
      expected: {
        kind: 'forbidden',
        because: 'the worker may not evict it: cannot create resource "pods/eviction"',
      },
    },
    {
      name: 'no answer at all',
      answer: anAnswer({ message: 'connect ECONNREFUSED' }),
      expected: {
        kind: 'failed',
        because: 'the API server failed: no answer, connect ECONNREFUSED',
      },
    },
  ])('$name', ({ answer, expected }) => expect(readEvictionAnswer(answer)).toMatchObject(expected));
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
