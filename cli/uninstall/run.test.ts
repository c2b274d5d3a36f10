import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runAt } from '../run.fixture.ts';

const before = process.env['KUBECONFIG'];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockkeeper-uninstall-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
  if (before === undefined) delete process.env['KUBECONFIG'];
  else process.env['KUBECONFIG'] = before;
});

async function uninstall(kubeconfig: string, options: readonly string[] = ['--no-temporal']) {
  process.env['KUBECONFIG'] = kubeconfig;
  const argv = ['uninstall', ...options, '--dry-run'];
  const { exit, err } = await runAt('2026-12-04T12:00:00Z', argv, directory);
  return { exit, err };
}

test('a kubeconfig that is not there is named', async () => {
  expect(await uninstall(join(directory, 'none'))).toEqual({
    exit: 1,
    err: expect.stringMatching(
      /^the configuration of Kubernetes \(\/none\) cannot be read: .*ENOENT: .*\n$/,
    ),
  });
});

test('one that cannot be read is named, in one line', async () => {
  const path = join(directory, 'config');
  writeFileSync(path, 'clusters: [\n');
  const { exit, err } = await uninstall(path);
  expect(exit).toBe(1);
  expect(err).toMatch(/^the configuration of Kubernetes \(\/config\) cannot be read: .+\n$/);
});

const listening = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;

test('a pod that cannot be reached is named with the reason, and nothing goes on listening', async () => {
  const path = join(directory, 'config');
  // Nobody listens at port 1.
  writeFileSync(
    path,
    `clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: a, user: {}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
current-context: a
`,
  );
  const before = listening();
  const { exit, err } = await uninstall(path, ['--temporal-pod', 'lockkeeper-worker-0']);
  expect(exit).toBe(1);
  expect(err).toMatch(/^no port of pod lockkeeper-worker-0 can be reached: .*ECONNREFUSED/);
  expect(err).toContain('--no-temporal');
  // Or the program would never end.
  while (listening() > before) await pause(10);
}, 60_000);
