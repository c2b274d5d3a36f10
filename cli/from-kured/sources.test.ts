import { describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { fromKured } from './from-kured.ts';
import { converted, daemonSet, onlyPool } from './kured.fixture.ts';

const windows = (text: string) => onlyPool(converted(text)).windows;

describe('kured is found in', () => {
  const one = daemonSet(['--start-time=22:00', '--end-time=23:00']);
  const opens = [expect.objectContaining({ start: '22:00', end: '23:00' })];

  test.each([
    ['a DaemonSet', one],
    ['JSON', JSON.stringify(parse(one))],
    ['several documents', `kind: ServiceAccount\nmetadata: {name: kured}\n---\n${one}---\n`],
    ['a List', stringify({ kind: 'List', items: [{ kind: 'ClusterRole' }, parse(one)] })],
    [
      'a DaemonSetList',
      stringify({ kind: 'DaemonSetList', items: [{ ...(parse(one) as object), kind: undefined }] }),
    ],
    [
      'args alone',
      daemonSet([], {
        container: { command: null, args: ['--start-time=22:00', '--end-time=23:00'] },
      }),
    ],
    [
      'command and args',
      daemonSet([], {
        container: {
          command: ['/usr/bin/kured', '--start-time=22:00'],
          args: ['--end-time', '23:00'],
        },
      }),
    ],
    [
      'a script of a shell',
      daemonSet([], {
        container: {
          command: ['/bin/sh', '-c'],
          args: ["sleep 5; exec /usr/bin/kured --start-time='22:00' --end-time=23:00"],
        },
      }),
    ],
    [
      'variables of Kubernetes',
      daemonSet(['--start-time=$(OPENS)', '--end-time=$(CLOSES)'], {
        container: {
          env: [
            { name: 'CLOSES_HOUR', value: '23' },
            { name: 'OPENS', value: '22:00' },
            { name: 'CLOSES', value: '$(CLOSES_HOUR):00' },
          ],
        },
      }),
    ],
    [
      'a container beside others',
      daemonSet([], {
        pod: {
          containers: [
            { name: 'proxy', image: 'example.org/proxy:1', args: ['--start-time=1:00'] },
            {
              name: 'main',
              image: 'registry.example.org/mirror/kured:1.23.0',
              args: ['--start-time=22:00', '--end-time=23:00'],
            },
          ],
        },
      }),
    ],
  ])('%s', (_, text) => {
    expect(windows(text)).toEqual(opens);
  });
});

describe('what is neither a DaemonSet of kured nor values of its chart is refused, and told what was expected', () => {
  test.each([
    ['nothing', '', /there was no object in the input/],
    ['a word', 'kured', /there was no object in the input/],
    ['another object', 'kind: Deployment\nmetadata: {name: kured}', /there was only: Deployment/],
    ['values of another chart', 'replicas: 3', /there was only: an object without a kind/],
    [
      'another DaemonSet',
      daemonSet([], {
        name: 'proxy',
        container: { name: 'proxy', image: 'proxy:1', command: ['proxy'] },
      }),
      /there was only: DaemonSet \(no container of it runs kured\)/,
    ],
    [
      'a HelmRelease of something else',
      stringify({ kind: 'HelmRelease', spec: { values: { configuration: {} } } }),
      /there was only: HelmRelease/,
    ],
  ])('%s', (_, text, was) => {
    const result = fromKured(text);
    expect(result).toEqual({
      problems: [expect.stringMatching(/^expected kured's DaemonSet, several of them/)],
    });
    expect(JSON.stringify(result)).toMatch(was);
  });

  test.each([
    ['what is not YAML', 'a: [', /^not YAML: .*line 1/s],
    ['a DaemonSet without a template', 'kind: DaemonSet\nspec: {}', /^DaemonSet: spec\.template: /],
    [
      'values that cannot be read',
      'configuration: {}\nextraEnvVars: [{value: x}]',
      /^the Helm values: extraEnvVars\.0\.name: /,
    ],
  ])('%s', (_, text, problem) => {
    expect(fromKured(text)).toEqual({ problems: [expect.stringMatching(problem)] });
  });
});

test('a pod whose variables come from elsewhere as a whole is told of', () => {
  const envFrom = [{ secretRef: { name: 'kured' } }];
  const { warnings } = converted(daemonSet([], { container: { envFrom } }));
  expect(warnings.join()).toContain('envFrom: variables KURED_* in its ConfigMap or Secret win');
});

test('a DaemonSet that is not kured is passed over beside one that is', () => {
  const other = daemonSet([], { container: { name: 'a', image: 'a', command: ['a'] } });
  expect(converted(`${other}---\n${daemonSet([])}`).policy.pools).toHaveLength(1);
});
