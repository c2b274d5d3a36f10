import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Policy } from '../../domain/policy.ts';
import type { PrometheusRules } from '../../domain/gates/prometheus-schema.ts';
import { serveWeb, type Asked, type WebServer } from '../testing/web-server.ts';
import { HttpAlertSource } from './alert-source.ts';
import { secretsOf } from '../secrets.ts';

const SECRET = 'sEcr3t-t0ken';
const POST = 'POST /api/v1/query';
const ALERTS = 'GET /am/api/v2/alerts';

let server: WebServer;
let answer: (asked: Asked, response: ServerResponse) => void;
beforeEach(async () => {
  answer = (_asked, response) => response.end(alerts('NodeDown'));
  server = await serveWeb((asked, response) => answer(asked, response));
});
afterEach(() => server.close());

const vector = (result: readonly object[], more: object = {}) =>
  JSON.stringify({ status: 'success', data: { resultType: 'vector', result }, ...more });
const alerts = (...names: string[]) =>
  vector(
    names.map((alertname) => ({
      metric: { __name__: 'ALERTS', alertname, alertstate: 'firing', pod: 'x' },
      value: [1, '1'],
    })),
  );

function rules(over: object = {}): PrometheusRules {
  const { pools } = Policy.parse({
    pools: [
      {
        name: 'p',
        nodes: 'a=b',
        gates: { alerts: { prometheus: server.url, deadline: '1s', ...over } },
      },
    ],
  });
  const [first] = pools[0]?.gates.alerts ?? [];
  if (!first) throw new Error('the policy has no alerts');
  return first;
}

const source = () => new HttpAlertSource(secretsOf({ TOKEN: SECRET }));
const look = (over: object = {}) => source().observe(rules(over), 0);
const closed = (because: unknown) => ({ where: server.url, kind: 'unknown', because });
const firing = (...names: string[]) => ({
  where: server.url,
  kind: 'alerts',
  firing: names,
  pending: [],
});

describe('Prometheus is asked', () => {
  test('for its alerts, as kured does', async () => {
    expect(await look()).toEqual(firing('NodeDown'));
    expect(server.asked).toMatchObject([
      {
        method: 'POST',
        path: '/api/v1/query',
        body: 'query=ALERTS&timeout=1000ms',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
    ]);
  });

  test('the query of the policy in place of its alerts', async () => {
    answer = (_asked, response) => response.end(vector([{ metric: {}, value: [1, '3'] }]));
    expect(await look({ query: 'sum(a) > 1', threshold: 2 })).toMatchObject({ kind: 'above' });
    expect(new URLSearchParams(server.asked[0]?.body).get('query')).toBe('sum(a) > 1');
  });

  test.each([403, 405, 501])('by GET where POST is answered with %d', async (status) => {
    answer = ({ method }, response) => {
      if (method === 'POST') response.writeHead(status).end();
      else response.end(alerts());
    };
    expect(await look()).toEqual({ where: server.url, kind: 'quiet' });
    expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/v1/query',
      'GET /api/v1/query?query=ALERTS&timeout=1000ms',
    ]);
  });
});

describe('G11: the gate is closed, and says why, when Prometheus', () => {
  const because: { name: string; answers: typeof answer; expected: unknown }[] = [
    { name: 'hangs', answers: () => undefined, expected: 'no answer within 1s' },
    {
      name: 'is broken, and says so as it says everything',
      answers: (_asked, response) =>
        response.writeHead(500).end('{"status":"error","error":"EOF"}'),
      expected: `it answers 500 Internal Server Error to ${POST}: EOF`,
    },
    {
      name: 'refuses the query',
      answers: (_asked, response) =>
        response.writeHead(400).end('{"status":"error","error":"parse error: 1:1"}'),
      expected:
        'it refuses the query: it answers 400 Bad Request to POST /api/v1/query: parse error: 1:1',
    },
    {
      name: 'is something else',
      answers: (_asked, response) => response.end('<html><b>Sign in</b> please'),
      expected: `its answer is not that of a Prometheus: it answers 200 OK to ${POST}: Sign in please`,
    },
    {
      name: 'has a part of the data only',
      answers: (_asked, response) => response.end(vector([], { warnings: ['store-1 is away'] })),
      expected: 'it has only a part of the data: store-1 is away',
    },
  ];
  test.each(because)('$name', async ({ answers, expected }) => {
    answer = answers;
    expect(await look()).toEqual(closed(expected));
  });

  test('repeats the secret it was sent: that is not passed on', async () => {
    answer = ({ headers }, response) => {
      const error = `not you: ${headers.authorization}`;
      response.writeHead(401).end(JSON.stringify({ status: 'error', error }));
    };
    expect(await look({ bearerToken: '${TOKEN}' })).toEqual(
      closed(`it answers 401 Unauthorized to ${POST}: not you: Bearer …`),
    );
    answer = ({ headers }, response) =>
      response.end(vector([], { warnings: [headers.authorization] }));
    expect(await look({ bearerToken: '${TOKEN}' })).toEqual(
      closed('it has only a part of the data: Bearer …'),
    );
  });
});

describe('one answer', () => {
  test('is enough for all that ask within ten seconds, whatever alerts they choose', async () => {
    answer = (_asked, response) => response.end(alerts('NodeDown', 'DiskFull'));
    const one = source();
    const looks = await Promise.all([
      one.observe(rules(), 10_000),
      one.observe(rules({ ignore: 'Node' }), 10_000),
      one.observe(rules({ only: 'Node' }), 10_000),
    ]);
    expect(looks).toEqual([firing('DiskFull', 'NodeDown'), firing('DiskFull'), firing('NodeDown')]);
    expect(server.asked).toHaveLength(1);
  });

  test('is not enough for another query, or for somebody with another token', async () => {
    const one = source();
    await one.observe(rules(), 10_000);
    await one.observe(rules({ query: 'up' }), 10_000);
    await one.observe(rules({ headers: { 'X-Scope-OrgID': 'b' } }), 10_000);
    expect(server.asked).toHaveLength(3);
  });
});

const alertmanager = () => ({ url: `${server.url}/am` });
const silenced = JSON.stringify([
  {
    labels: { alertname: 'NodeDown', pod: 'x', cluster: 'prod' },
    status: { state: 'suppressed', silencedBy: ['id'], inhibitedBy: [] },
  },
]);
const answering = (text: string, status = 200) => {
  answer = ({ path }, response) => {
    if (path.startsWith('/am')) response.writeHead(status).end(text);
    else response.end(alerts('NodeDown', 'DiskFull'));
  };
};

describe('silences', () => {
  test('are asked for, and what they hold back does not count', async () => {
    answering(silenced);
    expect(await look({ alertmanager: alertmanager() })).toEqual(firing('DiskFull'));
    expect(server.asked.map(({ path }) => path)).toContain(
      '/am/api/v2/alerts?active=false&silenced=true&inhibited=false&unprocessed=false',
    );
  });

  test('are not asked for where the policy does not respect them', async () => {
    answering(silenced);
    const given = { ...alertmanager(), respectSilences: false };
    expect(await look({ alertmanager: given })).toEqual(firing('DiskFull', 'NodeDown'));
    expect(server.asked).toHaveLength(1);
  });

  test.each([
    ['cannot be had', 'x', 503, `it answers 503 Service Unavailable to ${ALERTS}: x`],
    [
      'cannot be read',
      '{}',
      200,
      `its answer is not that of an Alertmanager: it answers 200 OK to ${ALERTS}: {}`,
    ],
  ])('that %s silence nothing, and that is said', async (_, text, status, said) => {
    answering(text, status);
    expect(await look({ alertmanager: alertmanager() })).toEqual({
      ...firing('DiskFull', 'NodeDown'),
      silencesUnknown: `${server.url}/am: ${said}`,
    });
  });

  test('G11: of an Alertmanager that hangs do not keep from saying so', async () => {
    answer = ({ path }, response) => {
      if (!path.startsWith('/am')) response.end(alerts('NodeDown'));
    };
    const given = { ...alertmanager(), deadline: '1s' };
    expect(await look({ alertmanager: given })).toEqual({
      ...firing('NodeDown'),
      silencesUnknown: `${server.url}/am: no answer within 1s`,
    });
  });
});
