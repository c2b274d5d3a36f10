import { describe, expect, test } from '@jest/globals';
import { readPolicy } from '../policy-text.ts';
import { Policy, problemsOf } from '../policy.ts';

const PROMETHEUS = 'http://prometheus.monitoring:9090';

const read = (gates: unknown) =>
  Policy.safeParse({ pools: [{ name: 'workers', nodes: 'pool=workers', gates }] });

const accepted = (gates: unknown) => {
  const { data, error } = read(gates);
  if (!data) throw new Error(problemsOf(error).join('; '));
  return data.pools[0]?.gates;
};

const refused = (gates: unknown): string[] => {
  const { error } = read(gates);
  return error ? problemsOf(error).map((line) => line.replace('pools[0].gates', 'gates')) : [];
};

const TLS = { caFile: '/ca', certFile: '/cert', keyFile: '/key', serverName: 'prom' };
const HEADERS = { 'X-Scope-OrgID': 'team-${TEAM}', Authorization: 'Bearer ${TOKEN}' };
const NAMES = { ignore: '^(Watchdog|RebootRequired)$', only: '(?i)node', anchored: true };
const url = 'http://am:9093';

describe('alerts of a Prometheus may be', () => {
  test.each<[name: string, written: object, expected: object]>([
    [
      'asked as kured asks them',
      { prometheus: `${PROMETHEUS}/` },
      {
        target: { url: PROMETHEUS, headers: {}, deadlineMs: 10_000 },
        asks: { kind: 'alerts', anchored: false, states: ['firing', 'pending'], matchers: [] },
      },
    ],
    [
      'chosen by everything that they have',
      { ...NAMES, states: ['firing'], matchers: ['severity=~"a|b"', 'team!=dev'], deadline: '3s' },
      {
        target: { url: PROMETHEUS, headers: {}, deadlineMs: 3_000 },
        asks: {
          kind: 'alerts',
          ...NAMES,
          states: ['firing'],
          matchers: [
            { label: 'severity', operator: '=~', value: 'a|b' },
            { label: 'team', operator: '!=', value: 'dev' },
          ],
        },
      },
    ],
    [
      'a query',
      { prometheus: 'https://other', query: ' sum(errors) ', threshold: 0.5 },
      {
        target: { url: 'https://other', headers: {}, deadlineMs: 10_000 },
        asks: { kind: 'query', query: 'sum(errors)', threshold: 0.5 },
      },
    ],
    ['for a token', { bearerToken: '${T}' }, { target: { bearer: { variable: 'T' } } }],
    ['for a token in a file', { bearerTokenFile: '/t' }, { target: { bearer: { file: '/t' } } }],
    [
      'for a password',
      { basicAuth: { username: 'ann', password: '${P}' } },
      { target: { basic: { username: 'ann', password: { variable: 'P' } } } },
    ],
    [
      'for a password in a file',
      { basicAuth: { username: 'ann', passwordFile: '/p' } },
      { target: { basic: { username: 'ann', password: { file: '/p' } } } },
    ],
    [
      'for a certificate and headers',
      { prometheus: 'https://p', tls: TLS, headers: HEADERS },
      { target: { tls: TLS, headers: HEADERS } },
    ],
    [
      'silenced by an Alertmanager, unless told otherwise',
      { alertmanager: { url } },
      { alertmanager: { respectSilences: true } },
    ],
    [
      'silenced by ourselves alone',
      { alertmanager: { url, respectSilences: false, silence: {} } },
      { alertmanager: { respectSilences: false, silence: { forMs: 300_000, labels: ['node'] } } },
    ],
    [
      'silenced by labels of the own',
      { alertmanager: { url, silence: { for: '2m', labels: ['instance', 'node'] } } },
      { alertmanager: { silence: { forMs: 120_000, labels: ['instance', 'node'] } } },
    ],
  ])('%s', (_, written, expected) => {
    const alerts = { prometheus: PROMETHEUS, ...written };
    for (const gates of [{ alerts }, { alerts: [alerts] }]) {
      expect(accepted(gates)).toMatchObject({ blockingPods: [], alerts: [expected] });
    }
  });
});

describe('the other gates of a pool may be', () => {
  const inFull = { selector: 'app', namespace: 'shop', phases: ['Unknown'] };
  test.each<[name: string, gates: object, expected: object]>([
    [
      'blocking pods, short as in kured and in full',
      { blockingPods: ['runtime=long,cost=expensive', inFull] },
      {
        blockingPods: [
          { selector: 'runtime=long,cost=expensive', phases: ['Pending', 'Running'] },
          inFull,
        ],
      },
    ],
    [
      'the lock of kured, with the names kured has by itself',
      { kuredLock: {} },
      {
        blockingPods: [],
        kuredLock: {
          namespace: 'kube-system',
          daemonSet: 'kured',
          annotation: 'weave.works/kured-node-lock',
        },
      },
    ],
  ])('%s', (_, gates, expected) => {
    expect(accepted(gates)).toMatchObject(expected);
  });
});

const EXPRESSION = 'write an expression as Go understands it: ';
const alert = (written: object) => ({ alerts: { prometheus: PROMETHEUS, ...written } });

describe('G9: refused with path and rule:', () => {
  test.each<{ name: string; gates: unknown; problems: string[] }>([
    {
      name: 'an address alone',
      gates: { alerts: PROMETHEUS },
      problems: [
        'gates.alerts: write alerts like { prometheus: "http://prometheus.monitoring:9090" }',
      ],
    },
    {
      name: 'an empty expression, which would match everything',
      gates: alert({ ignore: '' }),
      problems: [
        'gates.alerts.ignore: write an expression like "^(Watchdog|RebootRequired)$", or leave it out',
      ],
    },
    {
      name: 'matchers that are none',
      gates: alert({ matchers: ['severity', 'a=~"("', 7] }),
      problems: [
        'gates.alerts.matchers[0]: write a matcher like severity=~"critical|page"',
        `gates.alerts.matchers[1]: ${EXPRESSION}missing closing ): \`(\``,
        'gates.alerts.matchers[2]: write a matcher like severity=~"critical|page"',
      ],
    },
    {
      name: 'states there are not, and none',
      gates: {
        alerts: [{ prometheus: PROMETHEUS, states: ['inactive'] }, alert({ states: [] }).alerts],
      },
      problems: [
        'gates.alerts[0].states[0]: write states like [firing] or [firing, pending]',
        'gates.alerts[1].states: write states like [firing] or [firing, pending]',
      ],
    },
    {
      name: 'what chooses among alerts beside a query of the own',
      gates: alert({ query: 'up == 0', ignore: 'x', states: ['firing'], anchored: false }),
      problems: [
        'gates.alerts.ignore: ignore does not go with query',
        'gates.alerts.anchored: anchored does not go with query',
        'gates.alerts.states: states does not go with query',
      ],
    },
    {
      name: 'what has no effect',
      gates: alert({ anchored: true, threshold: 1 }),
      problems: [
        'gates.alerts.threshold: threshold goes with query: leave it out',
        'gates.alerts.anchored: anchored goes with ignore or only: leave it out',
      ],
    },
    {
      name: 'two ways to be known at once',
      gates: alert({ bearerToken: '${A}', basicAuth: { username: 'ann', password: '${B}' } }),
      problems: ['gates.alerts.basicAuth: write either bearerToken or basicAuth'],
    },
    {
      name: 'a password in two places',
      gates: alert({ basicAuth: { username: 'ann', password: '${B}', passwordFile: '/b' } }),
      problems: ['gates.alerts.basicAuth: write either password or passwordFile'],
    },
    {
      name: 'half a client certificate, and TLS without TLS',
      gates: alert({ tls: { certFile: '/cert' } }),
      problems: [
        'gates.alerts.tls: write certFile and keyFile together',
        'gates.alerts.tls: write an https address where tls is meant',
      ],
    },
    {
      name: 'an Alertmanager without an address, and a lease of a second',
      gates: alert({ alertmanager: { silence: { for: '1s', labels: ['a b'] } } }),
      problems: [
        'gates.alerts.alertmanager.url: write an address like http://prometheus.monitoring:9090, without user, password or query',
        'gates.alerts.alertmanager.silence.for: write a duration from 1m to 1h',
        'gates.alerts.alertmanager.silence.labels[0]: write the names of labels, like [node, instance]',
      ],
    },
    {
      name: 'blocking pods that would be every pod, or none',
      gates: { blockingPods: ['', { selector: 'app', phases: ['Gone'], namespace: 'A' }, 1] },
      problems: [
        'gates.blockingPods[0]: write a label selector like agentpool=workers',
        'gates.blockingPods[1].namespace: write the name of a namespace',
        'gates.blockingPods[1].phases[0]: write phases of pods, like [Pending, Running]; there are Pending, Running, Succeeded, Failed, Unknown',
        'gates.blockingPods[2]: write a label selector, or { selector: app=postgres, namespace: shop }',
      ],
    },
  ])('$name', ({ gates, problems }) => {
    expect(refused(gates)).toEqual(problems);
  });
});

describe('a secret in the policy', () => {
  test.each<{ name: string; gates: object; problem: string }>([
    {
      name: 'beside a reference',
      gates: alert({ bearerToken: '${A}abcdef123' }),
      problem:
        'gates.alerts.bearerToken: write the environment variable it is in, like ${PROMETHEUS_TOKEN}',
    },
    {
      name: 'as a password',
      gates: alert({ basicAuth: { username: 'ann', password: 'abcdef123' } }),
      problem:
        'gates.alerts.basicAuth.password: write the environment variable it is in, like ${PROMETHEUS_TOKEN}',
    },
    {
      name: 'in place of the file it is in',
      gates: alert({ bearerTokenFile: 'abcdef123' }),
      problem:
        'gates.alerts.bearerTokenFile: write the absolute path of the file it is in; one in the environment is written as ${NAME}',
    },
    {
      name: 'as a header over two lines',
      gates: alert({ headers: { Cookie: 'abcdef123\n${A}' } }),
      problem:
        'gates.alerts.headers.Cookie: write one line of plain characters, and secrets as ${NAME}',
    },
    ...['Authorization', 'cookie', 'X-Api-Key', 'X-Auth-Token'].map((header) => ({
      name: `as the header ${header}`,
      gates: alert({ headers: { [header]: 'abcdef123' } }),
      problem: `gates.alerts.headers: write the secret of ${header} as \${NAME}, from the environment`,
    })),
  ])('$name is refused, and not repeated', ({ gates, problem }) => {
    expect(refused(gates)).toEqual([problem]);
    const text = JSON.stringify({ pools: [{ name: 'workers', nodes: 'pool=workers', gates }] });
    const said = readPolicy(text, 'policy.yaml');
    expect(said).toMatchObject({ kind: 'refused' });
    expect(JSON.stringify(said)).not.toContain('abcdef123');
  });
});
