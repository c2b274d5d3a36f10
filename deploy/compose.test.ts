import { expect, test } from '@jest/globals';
import { podSpecOf, readManifests } from '../lab/fleet/manifests.ts';
import { readCompose } from './compose.fixture.ts';

/** What a person starts with docker-compose.temporal.yml; test/integration/compose.test.ts runs what can be run of it. */

const { services, volumes } = readCompose();
const all = Object.entries(services);

test('every service has a profile, and an image of a version', () => {
  for (const [, { image, profiles }] of all) {
    expect(profiles).toHaveLength(1);
    expect(image).toMatch(/^[a-z/-]+:[0-9]+(\.[0-9]+)*$/);
  }
});

test.each(['dev', 'embedded', 'postgres'])(
  'the profile %s is reached only from this machine, keeps its data, and needs nothing of the other',
  (profile) => {
    const own = all.filter(([, { profiles }]) => profiles?.includes(profile));

    const ports = own.flatMap(([, service]) => service.ports ?? []);
    expect(ports.map((port) => port.replace(/:\d+$/, '')).toSorted()).toEqual([
      '127.0.0.1:7233',
      '127.0.0.1:8233',
    ]);
    const [volume] = own.flatMap(([, service]) => service.volumes ?? []);
    expect(Object.keys(volumes)).toContain(volume?.split(':')[0]);
    const names = own.map(([name]) => name);
    for (const [, { depends_on: needs = {} }] of own) {
      expect(names).toEqual(
        expect.arrayContaining(Array.isArray(needs) ? needs : Object.keys(needs)),
      );
    }
  },
);

test('the profile embedded is what the chart brings along, but for where it listens and keeps its data', async () => {
  const { objects } = await readManifests();
  const { containers } = podSpecOf(objects, 'StatefulSet');
  const brought = containers.find(({ name }) => name === 'temporal');
  const { image, command, environment = {} } = services['embedded'] ?? {};
  expect(brought?.image).toBe(`docker.io/${image}`);
  expect(brought?.command).toEqual(command);
  const own = new Set(['BIND_ON_IP', 'TEMPORAL_BROADCAST_ADDRESS', 'DYNAMIC_CONFIG_FILE_PATH']);
  const alike = (name: string): boolean => !own.has(name) && !name.endsWith('DBNAME');
  const there = (brought?.env ?? []).filter(({ name }) => alike(name));
  expect(Object.fromEntries(there.map(({ name, value }) => [name, value]))).toEqual(
    Object.fromEntries(Object.entries(environment).filter(([name]) => alike(name))),
  );
});
