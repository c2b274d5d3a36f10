import { ApiException } from '@kubernetes/client-node';
import { expect, test } from '@jest/globals';
import { kindOf } from '../failure.ts';
import { asking } from './client.ts';

const status = (message: string) => JSON.stringify({ kind: 'Status', message });
const answered = (code: number): Error => new ApiException(code, '', status('it says why'), {});

/** What becomes of a request to the API server that fails so. */
async function askedAndFailed(error: Error): Promise<unknown> {
  try {
    return await asking('reading node n1', async () => {
      throw error;
    });
  } catch (thrown) {
    return thrown;
  }
}

test.each([
  { code: 429, kind: 'kube-unavailable' },
  { code: 408, kind: 'kube-unavailable' },
  { code: 500, kind: 'kube-unavailable' },
  { code: 503, kind: 'kube-unavailable' },
  { code: 504, kind: 'kube-unavailable' },
  { code: 401, kind: 'kube-forbidden' },
  { code: 403, kind: 'kube-forbidden' },
  { code: 400, kind: 'kube-rejected' },
  { code: 413, kind: 'kube-rejected' },
])(
  'an API server that answers $code is a failure of kind $kind, which is tried again',
  async ({ code, kind }) => {
    const failure = await askedAndFailed(answered(code));
    expect(kindOf(failure)).toBe(kind);
    expect(failure).toMatchObject({ message: 'reading node n1: it says why', nonRetryable: false });
  },
);

test.each([404, 409, 422])('the answer %i is for whoever has asked', async (code) => {
  const error = answered(code);
  expect(await askedAndFailed(error)).toBe(error);
});

test('no answer at all is an outage, in the words of what went wrong below', async () => {
  const cause = new Error('connect ECONNREFUSED 10.0.0.1:443');
  expect(await askedAndFailed(new TypeError('fetch failed', { cause }))).toMatchObject({
    type: 'kube-unavailable',
    nonRetryable: false,
    message: 'reading node n1: fetch failed: connect ECONNREFUSED 10.0.0.1:443',
  });
});

test.each([
  ['', 'HTTP 502'],
  ['Too many requests', 'HTTP 502: Too many requests'],
  ['<html><h1>502</h1>\n<hr>nginx</html>', 'HTTP 502: 502 nginx'],
])('an answer %j without a Status is told by its code and first words', async (body, said) => {
  const failure = await askedAndFailed(new ApiException(502, '', body, {}));
  expect(failure).toMatchObject({ message: `reading node n1: ${said}` });
});
