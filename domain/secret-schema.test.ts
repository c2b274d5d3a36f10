import { describe, expect, test } from '@jest/globals';
import { readPolicy } from './policy-text.ts';

/** What is refused of a policy with this in it, without the name of the file and what was found. */
function refusals(written: object): string[] {
  const read = readPolicy(JSON.stringify(written), 'policy.yaml');
  if (read.kind === 'policy') return [];
  return read.problems.map((problem) =>
    problem.replace('policy.yaml:1 ', '').replace(/ \(found .*/, ''),
  );
}

const alerts = (more: object) => ({ prometheus: 'https://prometheus:9090', ...more });
const policyWith = (pool: object, ...notifications: object[]) => ({
  pools: [{ name: 'workers', nodes: 'pool=workers', windows: [{ always: true }], ...pool }],
  notifications,
});

/** Every place of the policy that names the file of a secret, or a variable with one. */
const FILES: Readonly<Record<string, (file: string) => object>> = {
  'pools[0].gates.alerts.bearerTokenFile': (bearerTokenFile) =>
    policyWith({ gates: { alerts: alerts({ bearerTokenFile }) } }),
  'pools[0].gates.alerts.basicAuth.passwordFile': (passwordFile) =>
    policyWith({ gates: { alerts: alerts({ basicAuth: { username: 'ann', passwordFile } }) } }),
  'pools[0].gates.alerts.tls.keyFile': (keyFile) =>
    policyWith({ gates: { alerts: alerts({ tls: { keyFile, certFile: '/etc/tls.crt' } }) } }),
  'notifications[0].slack.file': (file) => policyWith({}, { slack: { file } }),
  'notifications[0].tls.keyFile': (keyFile) =>
    policyWith({}, { slack: '${A}', tls: { keyFile, certFile: '/etc/tls.crt' } }),
};
const VARIABLES: Readonly<Record<string, (variable: string) => object>> = {
  'pools[0].gates.alerts.bearerToken': (bearerToken) =>
    policyWith({ gates: { alerts: alerts({ bearerToken }) } }),
  'pools[0].gates.alerts.headers.X-Team': (variable) =>
    policyWith({ gates: { alerts: alerts({ headers: { 'X-Team': `a${variable}` } }) } }),
  'notifications[0].slack': (slack) => policyWith({}, { slack }),
};

const OWN = "write another file than the worker's own credentials";
const SPELLING = 'write a path without // and without . and .. as parts';

describe.each(Object.entries(FILES))('%s', (path, policyOf) => {
  test.each([
    ['/etc/lockkeeper-secrets/prometheus/token', undefined],
    ['/vault/secrets/..data/token', undefined],
    ['/proc/self/environ', OWN],
    ['/sys/kernel/notes', OWN],
    ['/dev/zero', OWN],
    ['/run/secrets/kubernetes.io/serviceaccount/token', OWN],
    ['/var/run/secrets/eks.amazonaws.com/serviceaccount/token', OWN],
    ['/var/lib/kubelet/pods/x/token', OWN],
    ['/etc/temporal-client/tls.key', OWN],
    ['/etc/lockkeeper-keys/keys', OWN],
    ['//var/run/secrets/kubernetes.io/serviceaccount/token', SPELLING],
    ['/var//run/secrets/kubernetes.io/serviceaccount/token', SPELLING],
    ['/./proc/self/environ', SPELLING],
    ['/etc/../proc/self/environ', SPELLING],
    ['/etc/lockkeeper-secrets/.', SPELLING],
    ['/etc/lockkeeper-secrets/', SPELLING],
    ['/', SPELLING],
    ['/etc/a\nb', 'write a path of plain characters'],
    ['/etc/a\0b', 'write a path of plain characters'],
    [`/${'a'.repeat(4_095)}`, 'write a path of at most 4095 characters'],
  ])('of %j', (file, problem) => {
    expect(refusals(policyOf(file))).toEqual(problem === undefined ? [] : [`${path}: ${problem}`]);
  });
});

describe.each(Object.entries(VARIABLES))('%s', (path, policyOf) => {
  test.each([
    ['PROMETHEUS_TOKEN', true],
    ['GOOGLE_CHAT_URL', true],
    ['TEMPORAL_API_KEY', false],
    ['TEMPORAL_TLS_CLIENT_KEY_DATA', false],
    ['LOCKKEEPER_PAYLOAD_KEY_FILE', false],
    ['KUBECONFIG', false],
    ['AWS_SECRET_ACCESS_KEY', false],
    ['AZURE_CLIENT_SECRET', false],
    ['GOOGLE_APPLICATION_CREDENTIALS', false],
    ['HTTPS_PROXY', false],
    ['https_proxy', false],
  ])('of ${%s}', (name, isGood) => {
    const problem = `${path}: write another variable than ${name}, which is the worker's own`;
    expect(refusals(policyOf(`\${${name}}`))).toEqual(isGood ? [] : [problem]);
  });
});

test.each([
  ['/var/run/secrets/kubernetes.io/serviceaccount/ca.crt', undefined],
  ['/proc/self/environ', 'write a file that is none of the kernel'],
  ['/dev/zero', 'write a file that is none of the kernel'],
  ['/etc/../dev/zero', SPELLING],
])('an authority may be at %s, for it is no secret: %s', (caFile, problem) => {
  const place = 'pools[0].gates.alerts.tls.caFile';
  expect(refusals(policyWith({ gates: { alerts: alerts({ tls: { caFile } }) } }))).toEqual(
    problem === undefined ? [] : [`${place}: ${problem}`],
  );
});
