import { describe, expect, test } from '@jest/globals';
import { judgeSamples, queryOf, type Silenced } from './alert-samples.ts';
import type { PrometheusRules } from './prometheus-schema.ts';

const where = 'http://prometheus:9090';
const target = { url: where, headers: {}, deadlineMs: 10_000 };

type Filter = Extract<PrometheusRules['asks'], { kind: 'alerts' }>;
const filtered = (filter: Partial<Filter> = {}): PrometheusRules => ({
  target,
  asks: { kind: 'alerts', anchored: false, states: ['firing', 'pending'], matchers: [], ...filter },
});

const alert = (alertname: string, labels: Record<string, string> = {}, value = 1) => ({
  labels: { __name__: 'ALERTS', alertname, alertstate: 'firing', ...labels },
  value,
});
const pending = (name: string) => alert(name, { alertstate: 'pending' });

const QUIET = { where, kind: 'quiet' };
const firing = (...names: string[]) => ({ where, kind: 'alerts', firing: names, pending: [] });

describe('the alerts that count', () => {
  const ALL = [alert('Up'), alert('NodeDown'), pending('NodeFull')];
  test.each([
    {
      name: 'are all that fire or are about to, as in kured',
      rules: filtered(),
      samples: ALL,
      expected: { where, kind: 'alerts', firing: ['NodeDown', 'Up'], pending: ['NodeFull'] },
    },
    { name: 'are none where there are none', rules: filtered(), samples: [], expected: QUIET },
    {
      name: 'are those in the states of the policy',
      rules: filtered({ states: ['pending'] }),
      samples: ALL,
      expected: { where, kind: 'alerts', firing: [], pending: ['NodeFull'] },
    },
    {
      name: 'leave out those whose name the expression matches anywhere',
      rules: filtered({ ignore: 'Node' }),
      samples: ALL,
      expected: firing('Up'),
    },
    {
      name: 'leave out only whole names where the expression is anchored',
      rules: filtered({ ignore: 'Node', anchored: true }),
      samples: [alert('Node'), alert('NodeDown')],
      expected: firing('NodeDown'),
    },
    {
      name: 'are only those whose name the expression matches',
      rules: filtered({ only: '^Node' }),
      samples: [alert('Up'), alert('NodeDown')],
      expected: firing('NodeDown'),
    },
    {
      name: 'are what only matches and ignore does not',
      rules: filtered({ only: 'Node', ignore: 'Down$' }),
      samples: [alert('NodeDown'), alert('NodeFull')],
      expected: firing('NodeFull'),
    },
    {
      name: 'are those with the labels of the policy',
      rules: filtered({
        matchers: [{ label: 'severity', operator: '=~', value: 'critical|page' }],
      }),
      samples: [alert('A', { severity: 'page' }), alert('B', { severity: 'info' }), alert('C')],
      expected: firing('A'),
    },
    {
      name: 'are named once, however many there are of a name, in a stable order',
      rules: filtered(),
      samples: [alert('B', { pod: 'x' }), alert('A'), alert('B', { pod: 'y' })],
      expected: firing('A', 'B'),
    },
    {
      name: 'are no alerts that are over, and nothing without a name',
      rules: filtered(),
      samples: [alert('A', {}, 0), { labels: { alertstate: 'firing' }, value: 1 }],
      expected: QUIET,
    },
  ])('$name', ({ rules, samples, expected }) => {
    expect(queryOf(rules)).toBe('ALERTS');
    expect(judgeSamples(rules, samples)).toEqual(expected);
  });
});

const silenced = (...alerts: Record<string, string>[]): Silenced => ({ alerts });

describe('silences', () => {
  test.each<[name: string, silences: Silenced | undefined, expected: object]>([
    [
      'take out the alert that Alertmanager has with labels added on the way',
      silenced({ alertname: 'A', pod: 'x', cluster: 'prod', replica: '1' }),
      firing('B'),
    ],
    [
      'do not take out an alert that differs in a label',
      silenced({ alertname: 'A', pod: 'y' }),
      firing('A', 'B'),
    ],
    [
      'do not take out an alert that has a label more than what is silenced',
      silenced({ alertname: 'A' }),
      firing('A', 'B'),
    ],
    [
      'that are not known take out nothing, and that is said',
      { problem: 'http://am:9093: it is away' },
      { ...firing('A', 'B'), silencesUnknown: 'http://am:9093: it is away' },
    ],
    ['that nobody asks for take out nothing', undefined, firing('A', 'B')],
    [
      'of everything open the gate',
      silenced({ alertname: 'A', pod: 'x' }, { alertname: 'B' }),
      QUIET,
    ],
  ])('%s', (_, silences, expected) => {
    expect(judgeSamples(filtered(), [alert('A', { pod: 'x' }), alert('B')], silences)).toEqual(
      expected,
    );
  });

  test('that are not known matter to nobody while no alert counts', () => {
    expect(judgeSamples(filtered(), [], { problem: 'it is away' })).toEqual(QUIET);
  });
});

describe('a query of the own', () => {
  const query = 'sum by (job) (errors)';
  const rules = (threshold: number): PrometheusRules => ({
    target,
    asks: { kind: 'query', query, threshold },
  });
  const above = (threshold: number, ...series: string[]) => ({
    where,
    kind: 'above',
    query,
    threshold,
    series,
  });
  test.each([
    ['at its threshold is quiet', 1, [{ labels: {}, value: 1 }], QUIET],
    ['above its threshold closes', 1, [{ labels: {}, value: 1.001 }], above(1, '')],
    ['may have a threshold below zero', -1, [{ labels: {}, value: 0 }], above(-1, '')],
    ['without an answer is quiet', 0, [], QUIET],
    [
      'that gives no number is quiet, and infinity is above everything',
      0,
      [
        { labels: { a: 'nan' }, value: Number.NaN },
        { labels: { a: 'inf' }, value: Infinity },
        { labels: { a: '-inf' }, value: -Infinity },
      ],
      above(0, '{a="inf"}'),
    ],
    [
      'names its series as Prometheus writes them, in a stable order, without their values',
      0,
      [
        { labels: { __name__: 'up', job: 'b', az: '1' }, value: 2 },
        { labels: { __name__: 'up', job: 'a' }, value: 1 },
        { labels: { __name__: 'up' }, value: 1 },
      ],
      above(0, 'up', 'up{az="1", job="b"}', 'up{job="a"}'),
    ],
  ])('%s', (_, threshold, samples, expected) => {
    expect(queryOf(rules(threshold))).toBe(query);
    expect(judgeSamples(rules(threshold), samples)).toEqual(expected);
  });
});
