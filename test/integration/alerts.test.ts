import { writeFile } from 'node:fs/promises';
import { request as forward } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { serveWeb, type WebServer } from '../../activities/testing/web-server.ts';
import { FIRING, lookAt, RULES } from './alert-observation.ts';
import { makeCertificates, type Certificates } from './certificates.ts';
import { until } from '../ask.ts';
import { Monitoring, type RealPrometheus } from './monitoring.ts';

/** Of the password "test", as in the documentation of Prometheus. */
const HASH_OF_TEST = '$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay';

let monitoring: Monitoring;
let prometheus: RealPrometheus;
beforeAll(async () => {
  monitoring = await Monitoring.open();
  prometheus = await monitoring.prometheus('plain', { rules: RULES });
  await until(
    () => look({}),
    (seen) => seen.kind === 'alerts' && seen.firing.length === 4 && seen.pending.length === 1,
  );
}, 600_000);
afterAll(() => monitoring.close());

const look = (alerts: object, environment: NodeJS.ProcessEnv = {}) =>
  lookAt({ prometheus: prometheus.url, ...alerts }, environment);

describe('a real Prometheus: the gate sees', () => {
  test.each<{ name: string; alerts: object; expected: object }>([
    {
      name: 'what fires and what is about to, as kured does',
      alerts: {},
      expected: { kind: 'alerts', firing: FIRING, pending: ['DiskFull'] },
    },
    {
      name: 'only what fires',
      alerts: { states: ['firing'] },
      expected: { kind: 'alerts', firing: FIRING, pending: [] },
    },
    {
      name: 'only what is about to fire',
      alerts: { states: ['pending'] },
      expected: { kind: 'alerts', firing: [], pending: ['DiskFull'] },
    },
    {
      name: "nothing of what kured's users ignore",
      alerts: { ignore: '^(Watchdog|RebootRequired)$', states: ['firing'] },
      expected: { kind: 'alerts', firing: ['KubeNodeNotReady', 'Missing'] },
    },
    {
      name: 'all but what the expression matches anywhere',
      alerts: { ignore: 'o', states: ['firing'] },
      expected: { kind: 'alerts', firing: ['Missing'] },
    },
    {
      name: 'all, when no whole name matches the expression',
      alerts: { ignore: 'o', anchored: true, states: ['firing'] },
      expected: { kind: 'alerts', firing: FIRING },
    },
    {
      name: 'only what the expression matches',
      alerts: { only: '^Kube' },
      expected: { kind: 'alerts', firing: ['KubeNodeNotReady'], pending: [] },
    },
    {
      name: 'only what has the labels',
      alerts: { matchers: ['severity=~"critical|page"', 'node!="n2"'] },
      expected: { kind: 'alerts', firing: ['KubeNodeNotReady'], pending: ['DiskFull'] },
    },
    {
      name: 'nothing, when nothing is left',
      alerts: { ignore: '.' },
      expected: { kind: 'quiet' },
    },
    {
      name: 'a query of the own above its threshold',
      alerts: { query: 'vector(3)', threshold: 2.5 },
      expected: { kind: 'above', series: [''] },
    },
    {
      name: 'a query of the own that is not above it',
      alerts: { query: 'vector(3)', threshold: 3 },
      expected: { kind: 'quiet' },
    },
    {
      name: 'the series of a query',
      alerts: { query: 'ALERTS{severity="critical"}' },
      expected: {
        kind: 'above',
        series: [
          'ALERTS{alertname="DiskFull", alertstate="pending", severity="critical"}',
          'ALERTS{alertname="KubeNodeNotReady", alertstate="firing", node="n1", severity="critical"}',
        ],
      },
    },
    { name: 'one number', alerts: { query: 'scalar(vector(1))' }, expected: { kind: 'above' } },
    { name: 'no number at all', alerts: { query: 'vector(0) / 0' }, expected: { kind: 'quiet' } },
    { name: 'nothing', alerts: { query: 'no_such_metric' }, expected: { kind: 'quiet' } },
    {
      name: 'a query that is none: the gate is closed',
      alerts: { query: 'sum(' },
      expected: {
        kind: 'unknown',
        because: expect.stringMatching(/^it refuses the query: .*parse/),
      },
    },
    {
      name: 'a query that gives no single values: the gate is closed',
      alerts: { query: 'ALERTS[5m]' },
      expected: {
        kind: 'unknown',
        because: 'the query gives a matrix, not one value for each series',
      },
    },
  ])('$name', async ({ alerts, expected }) => {
    expect(await look(alerts)).toMatchObject(expected);
  });
});

describe('G11: the gate is closed', () => {
  const gone = { kind: 'unknown', because: 'connect ECONNREFUSED' };

  test('by a Prometheus that was killed, until it is back', async () => {
    const mortal = await monitoring.prometheus('mortal', { rules: RULES });
    const alerts = { prometheus: mortal.url, ignore: '.' };
    expect(await look(alerts)).toMatchObject({ kind: 'quiet' });
    await mortal.process.kill();
    expect(await look(alerts)).toEqual({ where: mortal.url, ...gone });
    await mortal.process.start(new AbortController().signal);
    expect(await look(alerts)).toMatchObject({ kind: 'quiet' });
  });

  test('by a Prometheus that hangs, until it goes on', async () => {
    const alerts = { ignore: '.', deadline: '1s' };
    prometheus.process.freeze();
    try {
      // One of its threads may still be answering.
      await until(
        () => look(alerts),
        (seen) => seen.kind === 'unknown' && seen.because === 'no answer within 1s',
      );
    } finally {
      prometheus.process.thaw();
    }
    expect(await look({ ignore: '.' })).toMatchObject({ kind: 'quiet' });
  });
});

describe('a Prometheus that does not know everybody', () => {
  let secure: RealPrometheus;
  let certificates: Certificates;
  const secrets = { PASSWORD: 'test', WRONG: 'wr0ngpassw0rd' };
  beforeAll(async () => {
    certificates = await makeCertificates(monitoring.dir);
    const { ca, server } = certificates;
    secure = await monitoring.prometheus('secure', {
      rules: RULES,
      web: {
        basic_auth_users: { ann: HASH_OF_TEST },
        tls_server_config: {
          cert_file: server.cert,
          key_file: server.key,
          client_auth_type: 'RequireAndVerifyClientCert',
          client_ca_file: ca,
        },
      },
    });
    await writeFile(join(monitoring.dir, 'password'), 'test\n');
  }, 60_000);

  const tls = (over: object = {}) => ({
    caFile: certificates.ca,
    certFile: certificates.client.cert,
    keyFile: certificates.client.key,
    serverName: 'prometheus.test',
    ...over,
  });
  const known = { basicAuth: { username: 'ann', password: '${PASSWORD}' } };
  const ask = (alerts: object) => look({ prometheus: secure.url, ignore: '.', ...alerts }, secrets);

  test('opens the gate to who has the authority, a certificate, the name and the password', async () => {
    expect(await ask({ ...known, tls: tls() })).toMatchObject({ kind: 'quiet' });
    const passwordFile = join(monitoring.dir, 'password');
    const byFile = { basicAuth: { username: 'ann', passwordFile } };
    expect(await ask({ ...byFile, tls: tls() })).toMatchObject({ kind: 'quiet' });
  });

  test.each<{ name: string; alerts: () => object; because: unknown }>([
    {
      name: 'the wrong password',
      alerts: () => ({ basicAuth: { username: 'ann', password: '${WRONG}' }, tls: tls() }),
      because: 'it answers 401 Unauthorized to POST /api/v1/query',
    },
    {
      name: 'no password',
      alerts: () => ({ tls: tls() }),
      because: 'it answers 401 Unauthorized to POST /api/v1/query',
    },
    {
      name: 'an authority that signed nothing',
      alerts: () => ({ ...known, tls: tls({ caFile: certificates.otherCa }) }),
      because: expect.stringMatching(/certificate/),
    },
    {
      name: 'the well-known authorities only',
      alerts: () => ({ ...known }),
      because: expect.stringMatching(/certificate/),
    },
    {
      name: 'another name than that in the certificate',
      alerts: () => ({ ...known, tls: tls({ serverName: 'else.test' }) }),
      because: expect.stringMatching(/^Hostname\/IP does not match certificate's altnames/),
    },
    {
      name: 'no certificate of its own',
      alerts: () => {
        const { caFile, serverName } = tls();
        return { ...known, tls: { caFile, serverName } };
      },
      because: expect.stringMatching(/./),
    },
    {
      name: 'no TLS',
      alerts: () => ({ ...known, prometheus: secure.url.replace('https:', 'http:') }),
      because: expect.stringMatching(/^it answers 400 Bad Request to POST /),
    },
  ])('closes it, and repeats no secret, with $name', async ({ alerts, because }) => {
    const first = await ask(alerts());
    expect(first).toMatchObject({ kind: 'unknown', because });
    expect(JSON.stringify(first)).not.toContain(secrets.WRONG);
    expect(await ask(alerts())).toEqual(first);
  });
});

describe('a Prometheus behind a door that wants a token', () => {
  let door: WebServer;
  const TOKEN = 't0ken-of-the-w0rker';
  beforeAll(async () => {
    door = await serveWeb(({ method, path, headers, body }, response) => {
      const { authorization, 'x-scope-orgid': tenant } = headers;
      if (authorization !== `Bearer ${TOKEN}` || tenant !== 'team-blue') {
        response.writeHead(401).end(`not with ${authorization}`);
        return;
      }
      const type = headers['content-type'];
      const options = { method, headers: type ? { 'content-type': type } : {} };
      forward(`${prometheus.url}${path}`, options, (answer) => {
        response.writeHead(answer.statusCode ?? 502);
        answer.pipe(response);
      }).end(body);
    });
  });
  afterAll(() => door.close());

  const ask = (alerts: object) =>
    look(
      {
        prometheus: door.url,
        ignore: '.',
        headers: { 'X-Scope-OrgID': 'team-${TEAM}' },
        ...alerts,
      },
      { TOKEN, WRONG: 'wr0ng-t0ken', TEAM: 'blue' },
    );

  test('opens with the token from the environment, or from its file, and the header of the tenant', async () => {
    expect(await ask({ bearerToken: '${TOKEN}' })).toMatchObject({ kind: 'quiet' });
    const bearerTokenFile = join(monitoring.dir, 'token');
    await writeFile(bearerTokenFile, `${TOKEN}\n`);
    expect(await ask({ bearerTokenFile })).toMatchObject({ kind: 'quiet' });
  });

  test.each([
    { name: 'another token', alerts: { bearerToken: '${WRONG}' } },
    { name: 'no token', alerts: {} },
    { name: 'another tenant', alerts: { bearerToken: '${TOKEN}', headers: {} } },
  ])('stays closed with $name', async ({ alerts }) => {
    expect(await ask(alerts)).toEqual({
      where: door.url,
      kind: 'unknown',
      because: expect.stringMatching(
        /^it answers 401 Unauthorized to POST \/api\/v1\/query: not with (Bearer …|undefined)$/,
      ),
    });
  });
});
