import { expect, test } from '@jest/globals';
import { Policy } from '../domain/policy.ts';
import type { CheckUp } from './check-up.ts';
import { createActivities } from './index.ts';
import { Stage } from './testing/stage.ts';

const PROMETHEUS = 'http://prometheus.monitoring:9090';
const ALERTMANAGER = 'http://alertmanager.monitoring:9093';
const CALENDAR = 'https://calendar.example.org/private-T0PS3CRET.ics';

const alerts = { prometheus: PROMETHEUS, alertmanager: { url: ALERTMANAGER } };
const pool = (name: string) => ({ name, nodes: `pool=${name}`, gates: { alerts } });
const POLICY = Policy.parse({
  windows: [{ calendar: CALENDAR }],
  pools: [pool('workers'), { ...pool('edge'), windows: [{ calendar: 'edge.ics' }] }],
  notifications: [{ name: 'ops', slack: '${SLACK}' }],
});

const checkUp = (stage: Stage, withinMs = 60_000): Promise<CheckUp> => {
  const policy = { current: () => POLICY, hash: 'policy-1' };
  const activities = createActivities({ ...stage.deps, policy });
  return stage.environment.run((): Promise<CheckUp> => activities.checkUp({ withinMs }));
};

test('everything that the policy names is reached once, however many pools name it', async () => {
  const stage = new Stage();
  stage.calendars.copies.set(CALENDAR, {});
  stage.calendars.copies.set('edge.ics', {});
  const { worker, policy, reached } = await checkUp(stage);
  expect({ worker, policy }).toEqual({ worker: stage.deps.worker, policy: 'policy-1' });
  expect(reached).toEqual([
    { kind: 'prometheus', where: PROMETHEUS },
    { kind: 'alertmanager', where: ALERTMANAGER },
    { kind: 'calendar', where: 'https://calendar.example.org/…' },
    { kind: 'calendar', where: 'edge.ics' },
    { kind: 'receiver', where: 'ops' },
  ]);
  expect(stage.messenger.sent).toEqual([]);
});

test('each that is not reached says why, and keeps no other from being tried', async () => {
  const stage = new Stage();
  stage.alerts.observations.set(PROMETHEUS, {
    where: PROMETHEUS,
    kind: 'unknown',
    because: 'connect ECONNREFUSED',
  });
  stage.silences.away.set(ALERTMANAGER, `${ALERTMANAGER}: it answers 403 Forbidden`);
  stage.calendars.copies.set(CALENDAR, { problem: 'calendar … cannot be read: it answers 404' });
  stage.calendars.copies.set('edge.ics', {});
  stage.messenger.away.set('ops', 'the worker has no environment variable SLACK');
  const { reached } = await checkUp(stage);
  expect(reached.map(({ kind, because = 'reached' }) => `${kind}: ${because}`)).toEqual([
    'prometheus: connect ECONNREFUSED',
    `alertmanager: ${ALERTMANAGER}: it answers 403 Forbidden`,
    'calendar: calendar … cannot be read: it answers 404',
    'calendar: reached',
    'receiver: the worker has no environment variable SLACK',
  ]);
});

test('who never answers is given up', async () => {
  const stage = new Stage();
  stage.calendars.copies.set(CALENDAR, {});
  stage.calendars.copies.set('edge.ics', {});
  stage.messenger.away.set('ops', new Promise<string>(() => undefined));
  const { reached } = await checkUp(stage, 1);
  expect(reached.at(-1)).toEqual({ kind: 'receiver', where: 'ops', because: 'no answer in time' });
});
