import { describe, expect, test } from '@jest/globals';
import { readSilencedAlerts, readSilences } from './alertmanager-answer.ts';
import { silenceBody, silencesOf } from './node-silence.ts';

const NOW = Date.parse('2026-11-24T22:00:00Z');
const ROLLOUT = { node: 'n1.example', workflowId: 'node-rollout/n1.example' };
const COMMENT = 'node-rollout/n1.example: node n1.example is rolled out';

const silence = (over: object = {}) => ({
  id: 'id-1',
  status: { state: 'active' },
  createdBy: 'lockkeeper',
  comment: COMMENT,
  startsAt: '2026-11-24T21:58:00.123456789Z',
  matchers: [{ name: 'node', value: 'x', isRegex: true }],
  ...over,
});

test('only alerts that a silence holds back are silenced', () => {
  const alerts = [
    {
      labels: { alertname: 'A' },
      status: { state: 'suppressed', silencedBy: ['id'], inhibitedBy: [] },
    },
    {
      labels: { alertname: 'B' },
      status: { state: 'suppressed', silencedBy: [], inhibitedBy: ['x'] },
    },
  ];
  expect(readSilencedAlerts(JSON.stringify(alerts))).toEqual({ alerts: [{ alertname: 'A' }] });
});

test.each(['', '<html>', '{}', '[{"labels":{}}]', 'null'])(
  '%p is not from Alertmanager',
  (text) => {
    expect(readSilencedAlerts(text)).toEqual({
      problem: 'its answer is not that of an Alertmanager',
    });
    expect(readSilences(text)).toBeUndefined();
  },
);

describe('the silence of a node', () => {
  test('is for its name, alone or with a port, in the label of the policy', () => {
    const body = silenceBody(
      { ...ROLLOUT, label: 'instance' },
      { known: undefined, nowMs: NOW, forMs: 300_000 },
    );
    expect(body).toEqual({
      startsAt: '2026-11-24T22:00:00.000Z',
      endsAt: '2026-11-24T22:05:00.000Z',
      createdBy: 'lockkeeper',
      comment: COMMENT,
      matchers: [
        { name: 'instance', value: 'n1\\.example(:[0-9]+)?', isRegex: true, isEqual: true },
      ],
    });
  });

  test('is prolonged with the start it has, or Alertmanager would make another', () => {
    const body = silenceBody(
      { ...ROLLOUT, label: 'node' },
      { known: silence(), nowMs: NOW, forMs: 60_000 },
    );
    expect(body).toMatchObject({
      id: 'id-1',
      startsAt: '2026-11-24T21:58:00.123456789Z',
      endsAt: '2026-11-24T22:01:00.000Z',
    });
  });

  test('is found among all others', () => {
    const silences = [
      silence(),
      silence({ id: 'over', status: { state: 'expired' } }),
      silence({ id: 'of another node', comment: COMMENT.replaceAll('n1', 'n2') }),
      silence({ id: 'of a person', createdBy: 'ann' }),
      silence({ id: 'to come', status: { state: 'pending' } }),
    ];
    const read = readSilences(JSON.stringify(silences)) ?? [];
    expect(silencesOf(read, ROLLOUT).map(({ id }) => id)).toEqual(['id-1', 'to come']);
  });
});
