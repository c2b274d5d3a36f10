import { describe, expect, test } from '@jest/globals';
import type { KuredLockLook } from './kured-lock.ts';
import { alertsReason, blockingPodsReason, kuredLockReason, type AlertLook } from './outside.ts';

const where = 'http://prometheus:9090';
const NOTHING = { alerts: [], blockingPods: [] };
const many = (count: number) => Array.from({ length: count }, (_, index) => `A${index + 1}`);

describe('G8: what is said of alerts', () => {
  test.each<{ name: string; alerts: AlertLook[]; expected: string | undefined }>([
    { name: 'without any Prometheus', alerts: [], expected: undefined },
    { name: 'of a quiet one', alerts: [{ where, kind: 'quiet' }], expected: undefined },
    {
      name: 'of two states',
      alerts: [{ where, kind: 'alerts', firing: ['A', 'B'], pending: ['C'] }],
      expected: 'A, B firing, C pending (http://prometheus:9090)',
    },
    {
      name: 'of one state',
      alerts: [{ where, kind: 'alerts', firing: [], pending: ['C'] }],
      expected: 'C pending (http://prometheus:9090)',
    },
    {
      name: 'where the silences are not known',
      alerts: [
        { where, kind: 'alerts', firing: ['A'], pending: [], silencesUnknown: 'http://am: away' },
      ],
      expected: 'A firing (http://prometheus:9090, silences unknown: http://am: away)',
    },
    {
      name: 'of a query',
      alerts: [{ where, kind: 'above', query: 'sum(x)', threshold: 0.5, series: [''] }],
      expected: '"sum(x)" is above 0.5 (http://prometheus:9090)',
    },
    {
      name: 'of the series of a query',
      alerts: [{ where, kind: 'above', query: 'x', threshold: 0, series: ['{a="1"}', '{a="2"}'] }],
      expected: '"x" is above 0 for {a="1"}, {a="2"} (http://prometheus:9090)',
    },
    {
      name: 'of one that cannot be asked',
      alerts: [{ where, kind: 'unknown', because: 'no answer within 10s' }],
      expected: 'http://prometheus:9090 cannot be asked: no answer within 10s',
    },
    {
      name: 'of several: every reason at once',
      alerts: [
        { where, kind: 'alerts', firing: ['A'], pending: [] },
        { where: 'http://quiet', kind: 'quiet' },
        { where: 'http://other', kind: 'unknown', because: 'x' },
      ],
      expected: 'A firing (http://prometheus:9090); http://other cannot be asked: x',
    },
  ])('$name', ({ alerts, expected }) => {
    expect(alertsReason({ ...NOTHING, alerts })).toBe(expected);
  });

  test('stays the same while more and more alerts join', () => {
    const [five, six, sixty] = [5, 6, 60].map((count) =>
      alertsReason({
        ...NOTHING,
        alerts: [{ where, kind: 'alerts', firing: many(count), pending: [] }],
      }),
    );
    expect(five).toBe('A1, A2, A3, A4, A5 firing (http://prometheus:9090)');
    expect(six).toBe('A1, A2, A3, A4, A5 and others firing (http://prometheus:9090)');
    expect(sixty).toBe(six);
  });

  test('is short, however long the query is', () => {
    const look = { where, kind: 'above', query: 'x'.repeat(5_000), threshold: 0, series: [''] };
    const reason = alertsReason({ ...NOTHING, alerts: [look as AlertLook] });
    expect(reason?.length).toBeLessThan(200);
    expect(reason).toContain('x…" is above 0');
  });
});

const sayPods = (blockingPods: string[]) => blockingPodsReason({ ...NOTHING, blockingPods });

test('G8: blocking pods are named', () => {
  expect(sayPods([])).toBeUndefined();
  expect(sayPods(['shop/db-0'])).toBe('on the node: shop/db-0');
  expect(sayPods(many(7))).toBe('on the node: A1, A2, A3, A4, A5 and others');
});

describe('G8: what is said of the lock of kured', () => {
  const rules = { namespace: 'ops', daemonSet: 'reboots', annotation: 'x' };
  test.each<{ look: KuredLockLook; expected: string | undefined }>([
    { look: { kind: 'free' }, expected: undefined },
    {
      look: { kind: 'held', nodes: ['n1', 'n2'] },
      expected: 'the lock of kured (DaemonSet ops/reboots) is held for n1, n2',
    },
    {
      look: { kind: 'unknown', because: 'its annotation cannot be read' },
      expected:
        'the lock of kured (DaemonSet ops/reboots) cannot be read: its annotation cannot be read',
    },
  ])('$look.kind', ({ look, expected }) => {
    expect(kuredLockReason({ ...NOTHING, kuredLock: { rules, look } })).toBe(expected);
  });

  test('nothing where nobody asks for it', () => {
    expect(kuredLockReason(NOTHING)).toBeUndefined();
  });
});
