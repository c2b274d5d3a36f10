import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { secretsOf } from '../../activities/secrets.ts';
import { HttpSilences } from '../../activities/gates/silences.ts';
import { Stage } from '../../activities/testing/stage.ts';
import { call } from '../../lab/cluster/http.ts';
import { FIRING, lookAt, policyWith, RULES } from './alert-observation.ts';
import { until } from '../ask.ts';
import { Monitoring, type RealPrometheus, type Server } from './monitoring.ts';

/** A real Prometheus that sends its alerts to a real Alertmanager. */

const { signal } = new AbortController();
const ROLLOUT = { node: 'n1', workflowId: 'node-rollout/n1' };

let monitoring: Monitoring;
let alertmanager: Server;
let prometheus: RealPrometheus;
beforeAll(async () => {
  monitoring = await Monitoring.open();
  alertmanager = await monitoring.alertmanager('alertmanager');
  const { url } = alertmanager;
  prometheus = await monitoring.prometheus('prometheus', { rules: RULES, alertmanager: url });
  await until(
    () => fetched<unknown[]>('alerts'),
    ({ length }) => length === FIRING.length,
  );
}, 1_800_000);
afterAll(() => monitoring.close());

const fetched = async <T>(what: string): Promise<T> =>
  JSON.parse((await call(`${alertmanager.url}/api/v2/${what}`, { signal })).text) as T;

const written = (over: object = {}) => ({
  prometheus: prometheus.url,
  alertmanager: { url: alertmanager.url, ...over },
  ignore: '^(Watchdog|RebootRequired)$',
  states: ['firing'],
});
const look = (over: object = {}) => lookAt(written(over));
const UNSILENCED = { kind: 'alerts', firing: ['KubeNodeNotReady', 'Missing'] };

interface Silence {
  readonly id: string;
  readonly endsAt: string;
  readonly status: { readonly state: string };
}

const active = async (): Promise<Silence[]> =>
  (await fetched<Silence[]>('silences')).filter(({ status }) => status.state === 'active');
const idsOf = (silences: readonly Silence[]) => silences.map(({ id }) => id).toSorted();

/** As a person does in its web page; the way to end it again. */
async function silence(name: string, value: string): Promise<() => Promise<unknown>> {
  const body = {
    matchers: [{ name, value, isRegex: false, isEqual: true }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 600_000).toISOString(),
    createdBy: 'ann',
    comment: 'known',
  };
  const url = `${alertmanager.url}/api/v2`;
  const { text } = await call(`${url}/silences`, { method: 'POST', body, signal });
  const { silenceID } = JSON.parse(text) as { silenceID: string };
  return () => call(`${url}/silence/${silenceID}`, { method: 'DELETE', signal });
}

test('what is silenced does not count, also by a label that is added on the way; all else does', async () => {
  expect(await look()).toMatchObject(UNSILENCED);
  const endOne = await silence('alertname', 'Missing');
  expect(await look()).toMatchObject({ firing: ['KubeNodeNotReady'] });
  expect(await look({ respectSilences: false })).toMatchObject(UNSILENCED);
  const endAll = await silence('cluster', 'lab');
  expect(await look()).toMatchObject({ kind: 'quiet' });
  await endOne();
  await endAll();
  expect(await look()).toMatchObject(UNSILENCED);
});

test("a node's alerts are silenced while it is rolled out, by leases that are renewed and ended", async () => {
  const stage = new Stage();
  const policy = policyWith(written({ silence: { for: '1m', labels: ['node', 'instance'] } }));
  await stage.run(async () => {
    new HttpSilences(secretsOf({})).keep(ROLLOUT, policy, 'workers');
    const first = await until(active, ({ length }) => length === 2);
    expect(await look()).toMatchObject({ firing: ['Missing'] });

    new HttpSilences(secretsOf({})).keep(ROLLOUT, policy, 'workers');
    const old = new Set(first.map(({ endsAt }) => endsAt));
    const renewed = await until(active, (now) => now.every(({ endsAt }) => !old.has(endsAt)));
    expect(idsOf(renewed)).toEqual(idsOf(first));

    new HttpSilences(secretsOf({})).end(ROLLOUT, policy);
    await until(active, ({ length }) => length === 0);
  }, undefined);
  expect(await look()).toMatchObject(UNSILENCED);
  expect(stage.logged).toEqual([]);
});

test('G11: an Alertmanager that was killed silences nothing, and the gate says so', async () => {
  await alertmanager.process.kill();
  expect(await look()).toMatchObject({
    ...UNSILENCED,
    silencesUnknown: `${alertmanager.url}: connect ECONNREFUSED`,
  });
});
