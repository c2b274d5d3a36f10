import { describe, expect, test } from '@jest/globals';
import { readPrometheusAnswer } from './prometheus-answer.ts';

const success = (data: unknown, more: object = {}) => ({ status: 'success', data, ...more });
const vector = (...result: unknown[]) => ({ resultType: 'vector', result });
const PARTS = 'its answer is not that of a Prometheus';

describe('an answer of Prometheus', () => {
  test.each<{ name: string; answer: unknown; expected: object }>([
    { name: 'nothing', answer: success(vector()), expected: { samples: [] } },
    {
      name: 'samples, also those that are no finite numbers',
      answer: success(
        vector(
          { metric: { a: 'b' }, value: [1.5, '2.5'] },
          { metric: {}, value: [1, 'NaN'] },
          { metric: {}, value: [1, '+Inf'] },
          { metric: {}, value: [1, '-Inf'] },
          { metric: {}, value: [1, '1e-3'] },
        ),
      ),
      expected: {
        samples: [
          { labels: { a: 'b' }, value: 2.5 },
          { labels: {}, value: Number.NaN },
          { labels: {}, value: Infinity },
          { labels: {}, value: -Infinity },
          { labels: {}, value: 0.001 },
        ],
      },
    },
    {
      name: 'one number',
      answer: success({ resultType: 'scalar', result: [1, '7'] }),
      expected: { samples: [{ labels: {}, value: 7 }] },
    },
    {
      name: 'its own refusal',
      answer: { status: 'error', errorType: 'bad_data', error: 'parse error' },
      expected: { refusal: 'parse error' },
    },
    {
      name: 'a part of the data: what is missing might be what closes the gate',
      answer: success(vector(), { warnings: ['remote read: store-1 is away'] }),
      expected: { problem: 'it has only a part of the data: remote read: store-1 is away' },
    },
    {
      name: 'advice about the query',
      answer: success(vector(), { warnings: ['PromQL warning: not a counter'], infos: ['x'] }),
      expected: { samples: [] },
    },
    {
      name: 'a range',
      answer: success({ resultType: 'matrix', result: [] }),
      expected: { problem: 'the query gives a matrix, not one value for each series' },
    },
    {
      name: 'a histogram',
      answer: success(vector({ metric: {}, histogram: [1, {}] })),
      expected: { problem: 'the query gives something else than numbers, such as a histogram' },
    },
    {
      name: 'a value that is no number',
      answer: success(vector({ metric: {}, value: [1, 'many'] })),
      expected: { problem: 'the query gives something else than numbers, such as a histogram' },
    },
    { name: 'no data', answer: success(undefined), expected: { problem: PARTS } },
    { name: 'another JSON', answer: { alerts: [] }, expected: { problem: PARTS } },
    { name: 'null', answer: null, expected: { problem: PARTS } },
    {
      name: 'labels that are no texts',
      answer: success(vector({ metric: { a: 1 }, value: [1, '1'] })),
      expected: { problem: PARTS },
    },
  ])('can be $name', ({ answer, expected }) => {
    expect(readPrometheusAnswer(JSON.stringify(answer))).toEqual(expected);
  });

  test.each(['', '<html>', '{"status":"success"'])('is not %p', (text) => {
    expect(readPrometheusAnswer(text)).toEqual({ problem: PARTS });
  });
});
