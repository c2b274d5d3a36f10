import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { SEARCH_ATTRIBUTES } from '../domain/names.ts';
import { readCompose, scriptOf } from './compose.fixture.ts';

/** What a person starts with docker-compose.temporal.yml; test/integration/compose.test.ts runs what can be run of it. */

const { services, volumes, configs } = readCompose();
const all = Object.entries(services);
const of = (profile: string) => all.filter(([, { profiles }]) => profiles?.includes(profile));

test('nothing is started that no profile asks for', () => {
  expect(all.filter(([, { profiles = [] }]) => profiles.length !== 1)).toEqual([]);
  const profiles = all.flatMap(([, { profiles = [] }]) => profiles);
  expect([...new Set(profiles)].toSorted()).toEqual(['dev', 'postgres']);
});

test('every image has a version, and none is the retired auto-setup', () => {
  for (const [, { image }] of all) {
    expect(image).toMatch(/^[a-z/-]+:[0-9]+(\.[0-9]+)*$/);
    expect(image).not.toContain('auto-setup');
  }
});

test('the server and its tools are of one version', () => {
  for (const name of ['server', 'schema', 'namespace-postgres', 'namespace-dev']) {
    expect(services[name]?.image).toMatch(/^temporalio\/(server|admin-tools):1\.32\.0$/);
  }
});

describe.each(['dev', 'postgres'])('the profile %s', (profile) => {
  const names = of(profile).map(([name]) => name);

  test('keeps its data in a volume that is declared', () => {
    const used = of(profile).flatMap(([, service]) => service.volumes ?? []);
    expect(used).toHaveLength(1);
    expect(Object.keys(volumes)).toContain(used[0]?.split(':')[0]);
  });

  test('is reached at the same place as the other, and only from this machine', () => {
    const ports = of(profile).flatMap(([, service]) => service.ports ?? []);
    expect(ports.map((port) => port.replace(/:\d+$/, '')).toSorted()).toEqual([
      '127.0.0.1:7233',
      '127.0.0.1:8233',
    ]);
  });

  test('needs nothing of the other', () => {
    for (const [, { depends_on: needs = [] }] of of(profile)) {
      const needed = Array.isArray(needs) ? needs : Object.keys(needs);
      expect(needed.filter((name) => !names.includes(name))).toEqual([]);
    }
  });

  test('makes the namespace and exactly the search attributes that the code uses', () => {
    const job = services[`namespace-${profile}`];
    if (job === undefined) throw new Error('there is no job');
    const [host] = job.environment?.['TEMPORAL_ADDRESS']?.split(':') ?? [];
    expect(names).toContain(host);
    const [, made = ''] = /for name in (.+); do/.exec(scriptOf(job)) ?? [];
    expect(made.split(' ')).toEqual([...SEARCH_ATTRIBUTES]);
  });
});

test('what is configured is YAML, and in the place the server is told of', () => {
  const { server } = services;
  expect(server?.configs).toEqual([
    { source: 'dynamicconfig', target: server?.environment?.['DYNAMIC_CONFIG_FILE_PATH'] },
  ]);
  expect(parse(configs['dynamicconfig']?.content ?? '')).toEqual({
    'limit.maxIDLength': [{ value: 255 }],
  });
});
