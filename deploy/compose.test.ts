import { expect, test } from '@jest/globals';
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

test.each(['dev', 'postgres'])(
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
