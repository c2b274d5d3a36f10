import { describe, expect, test } from '@jest/globals';
import type { AlertObservation } from './alert-samples.ts';
import { alerts } from './alerts.ts';
import { judged } from './judged.fixture.ts';

const where = 'http://prometheus:9090';
const reason = (...prometheis: AlertObservation[]) =>
  judged(alerts, { prometheus: where }, { prometheis });
const many = (count: number) => Array.from({ length: count }, (_, index) => `A${index + 1}`);

describe('G8: what is said of alerts', () => {
  test.each<{ name: string; seen: AlertObservation[]; expected: string | undefined }>([
    { name: 'without any Prometheus', seen: [], expected: undefined },
    { name: 'of a quiet one', seen: [{ where, kind: 'quiet' }], expected: undefined },
    {
      name: 'of two states',
      seen: [{ where, kind: 'alerts', firing: ['A', 'B'], pending: ['C'] }],
      expected: 'A, B firing, C pending (http://prometheus:9090)',
    },
    {
      name: 'of one state',
      seen: [{ where, kind: 'alerts', firing: [], pending: ['C'] }],
      expected: 'C pending (http://prometheus:9090)',
    },
    {
      name: 'where the silences are not known',
      seen: [
        { where, kind: 'alerts', firing: ['A'], pending: [], silencesUnknown: 'http://am: away' },
      ],
      expected: 'A firing (http://prometheus:9090, silences unknown: http://am: away)',
    },
    {
      name: 'of a query',
      seen: [{ where, kind: 'above', query: 'sum(x)', threshold: 0.5, series: [''] }],
      expected: '"sum(x)" is above 0.5 (http://prometheus:9090)',
    },
    {
      name: 'of the series of a query',
      seen: [{ where, kind: 'above', query: 'x', threshold: 0, series: ['{a="1"}', '{a="2"}'] }],
      expected: '"x" is above 0 for {a="1"}, {a="2"} (http://prometheus:9090)',
    },
    {
      name: 'of one that cannot be asked',
      seen: [{ where, kind: 'unknown', because: 'no answer within 10s' }],
      expected: 'http://prometheus:9090 cannot be asked: no answer within 10s',
    },
    {
      name: 'of several: every reason at once',
      seen: [
        { where, kind: 'alerts', firing: ['A'], pending: [] },
        { where: 'http://quiet', kind: 'quiet' },
        { where: 'http://other', kind: 'unknown', because: 'x' },
      ],
      expected: 'A firing (http://prometheus:9090); http://other cannot be asked: x',
    },
  ])('$name', ({ seen, expected }) => {
    expect(reason(...seen)).toBe(expected);
  });

  test('stays the same while more and more alerts join', () => {
    const [five, six, sixty] = [5, 6, 60].map((count) =>
      reason({ where, kind: 'alerts', firing: many(count), pending: [] }),
    );
    expect(five).toBe('A1, A2, A3, A4, A5 firing (http://prometheus:9090)');
    expect(six).toBe('A1, A2, A3, A4, A5 and others firing (http://prometheus:9090)');
    expect(sixty).toBe(six);
  });

  test('is short, however long the query is', () => {
    const seen = { where, kind: 'above', query: 'x'.repeat(5_000), threshold: 0, series: [''] };
    const said = reason(seen as AlertObservation);
    expect(said?.length).toBeLessThan(200);
    expect(said).toContain('x…" is above 0');
  });
});
