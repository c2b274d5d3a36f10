import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runAt } from '../run.fixture.ts';

const POLICY = 'pools: [{ name: workers, nodes: agentpool=workers, windows: [{ always: true }] }]';
/** What the API server serves, by the path. */
let served: Readonly<Record<string, object>>;
let server: Server;
let directory: string;
let policy: string;
const saved = { ...process.env };
beforeEach(async () => {
  served = {};
  server = createServer(({ url = '' }, response) => {
    const body = served[url.replace(/\?.*/, '')];
    response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { message: `no ${url}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  directory = mkdtempSync(join(tmpdir(), 'lockkeeper-plan-'));
  policy = join(directory, 'policy.yaml');
  writeFileSync(policy, POLICY);
  const { port } = server.address() as AddressInfo;
  const config = join(directory, 'config');
  writeFileSync(
    config,
    `clusters: [{name: a, cluster: {server: 'http://127.0.0.1:${port}', insecure-skip-tls-verify: true}}]
users: [{name: a, user: {}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
current-context: a
`,
  );
  delete process.env['LOCKKEEPER_POLICY'];
  // Nobody listens at port 1.
  Object.assign(process.env, { KUBECONFIG: config, TEMPORAL_ADDRESS: '127.0.0.1:1' });
});
afterEach(async () => {
  process.env = { ...saved };
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true });
});

const plan = (...argv: string[]) => runAt('2026-12-04T12:00:00Z', ['plan', ...argv], directory);
const failing = (exit: number, err: unknown) => ({ exit, out: '', err });
const NO_TEMPORAL = expect.stringMatching(/^Temporal at 127\.0\.0\.1:1 cannot be reached: /);
const CONFIG_MAP = '/api/v1/namespaces/lockkeeper/configmaps/lockkeeper-policy';
const ADVICE = 'name its file with --policy, or its ConfigMap with --namespace and --config-map\n';

const none = (name: string) => failing(1, `there is no policy in ConfigMap ${name}\n${ADVICE}`);

describe('lockkeeper plan', () => {
  test('says that Temporal is away, by whatever policy', async () => {
    expect(await plan('--policy', policy)).toEqual(failing(1, NO_TEMPORAL));
    process.env['LOCKKEEPER_POLICY'] = policy;
    expect(await plan()).toEqual(failing(1, NO_TEMPORAL));
    delete process.env['LOCKKEEPER_POLICY'];
    served = { [CONFIG_MAP]: { data: { 'policy.yaml': POLICY, 'plan.ics': '' } } };
    expect(await plan()).toEqual(failing(1, NO_TEMPORAL));
  });

  test('names the ConfigMap that is not there, or has no policy', async () => {
    expect(await plan()).toEqual(none('lockkeeper/lockkeeper-policy'));
    served = { [CONFIG_MAP]: { data: {} } };
    expect(await plan()).toEqual(none('lockkeeper/lockkeeper-policy'));
    expect(await plan('--namespace', 'ops', '--config-map', 'mine')).toEqual(none('ops/mine'));
  });

  test('refuses a bad policy with line, path and rule', async () => {
    served = { [CONFIG_MAP]: { data: { 'policy.yaml': 'pools: []' } } };
    expect(await plan()).toEqual(failing(1, 'policy.yaml:1 pools: write at least one pool\n'));
  });

  test.each([
    [['nobody'], 'there is no pool named nobody: write one of workers\n'],
    [
      ['--until', 'tonight'],
      '--until: write a day or time that exists, like 2027-03-02, 2027-03-02T06:00 or …T05:00Z, not "tonight"\n',
    ],
  ])('refuses %j before anything is asked', async (argv, err) => {
    expect(await plan(...argv, '--policy', policy)).toEqual(failing(2, err));
  });

  test('shows the commands, and asks nobody', async () => {
    delete process.env['KUBECONFIG'];
    expect(await plan('workers', '--show-commands', '--namespace', 'ops')).toEqual({
      exit: 0,
      err: '',
      out: `kubectl get nodes -o yaml
kubectl -n ops get configmap lockkeeper-policy -o yaml
temporal schedule describe --schedule-id fleet-scan
temporal workflow query --type status --workflow-id pool-lock/workers
temporal workflow list --query 'WorkflowType="nodeRollout" AND ExecutionStatus="Running"'
temporal workflow query --type status --workflow-id node-rollout/NODE
`,
    });
  });
});
