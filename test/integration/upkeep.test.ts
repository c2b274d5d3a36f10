import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection, ScheduleNotFoundError } from '@temporalio/client';
import { NO_POLICY } from '../../domain/policy.ts';
import { FLEET_SCAN, SEARCH_ATTRIBUTES } from '../../domain/names.ts';
import { temporalPort } from '../../activities/temporal.ts';
import { Upkeep } from '../../worker/upkeep.ts';
import { lab } from './lab.ts';

/** What Lockkeeper needs of a Temporal, made in a real server and made again when it is gone. */

const namespace = 'upkeep';
const SCAN_MS = 90_000;
let connection: Connection;
let client: Client;
const said: string[] = [];
const log = {
  info: (message: string) => void said.push(message),
  warn: (message: string, fields: object) => void said.push(`${message} ${JSON.stringify(fields)}`),
};
const policy = {
  current: () => ({ ...NO_POLICY, scanEvery: SCAN_MS }),
  notInForce: () => undefined,
};

beforeAll(async () => {
  connection = await Connection.connect({ address: lab().temporalAddress });
  client = new Client({ connection, namespace });
});
afterAll(() => connection.close());

const there = async (of = client) => {
  const { namespace } = of.options;
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const { spec } = await of.schedule.getHandle(FLEET_SCAN).describe();
  return {
    days: Number(config?.workflowExecutionRetentionTtl?.seconds) / 86_400,
    attributes: Object.keys(customAttributes)
      .filter((name) => name.startsWith('Lockkeeper'))
      .toSorted(),
    everyMs: spec.intervals?.[0]?.every,
  };
};
const ALL = { days: 30, attributes: [...SEARCH_ATTRIBUTES].toSorted(), everyMs: SCAN_MS };

test('all is made where nothing is, and made again when the namespace is lost', async () => {
  const upkeep = new Upkeep({ temporal: { connection, client, namespace }, policy, log });
  const made = async (): Promise<void> => {
    await upkeep.look();
    expect(upkeep.hasSearchAttributes()).toBe(true);
    expect(await there()).toEqual(ALL);
  };
  await made();
  expect(said).toEqual(['namespace made']);

  await connection.operatorService.deleteNamespace({ namespace });
  said.length = 0;
  await made();
  expect(said).toEqual(['namespace made']);
  // What a lock has granted before, none knows: there is one now whose first permit waits.
  const endedMs = await temporalPort(client).formerLockEndedAt('workers', 'now');
  expect(Date.now() - (endedMs ?? 0)).toBeLessThan(180_000);
}, 180_000);

test('a schedule that has been taken away stays away for one look, and a paused one stays paused', async () => {
  const upkeep = new Upkeep({ temporal: { connection, client, namespace }, policy, log });
  const schedule = client.schedule.getHandle(FLEET_SCAN);
  await upkeep.look();
  await schedule.pause('hands off');
  await upkeep.look();
  expect((await schedule.describe()).state).toMatchObject({ paused: true, note: 'hands off' });

  await schedule.delete();
  await upkeep.look();
  await expect(schedule.describe()).rejects.toThrow(ScheduleNotFoundError);
  await upkeep.look();
  expect((await schedule.describe()).spec.intervals?.[0]?.every).toBe(SCAN_MS);
}, 60_000);

test('two workers that look at once make one of each, whatever is missing', async () => {
  // Never there before: the server remembers one that was deleted for a while.
  const ofTwo = new Client({ connection, namespace: 'upkeep-of-two' });
  const lookAtOnce = async (): Promise<string[]> => {
    said.length = 0;
    const temporal = { connection, client: ofTwo, namespace: 'upkeep-of-two' };
    const both = [1, 2].map(() => new Upkeep({ temporal, policy, log }));
    await Promise.all(both.map((upkeep) => upkeep.look()));
    expect(both.map((upkeep) => upkeep.hasSearchAttributes())).toEqual([true, true]);
    expect(await there(ofTwo)).toEqual(ALL);
    return said;
  };
  // Of one of them or of both, as they see it; nothing is warned of.
  expect([...new Set(await lookAtOnce())]).toEqual(['namespace made']);
  await ofTwo.schedule.getHandle(FLEET_SCAN).delete();
  expect(await lookAtOnce()).toEqual([]);
}, 60_000);
