import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Container } from '../../lab/fleet/container.ts';
import { podSpecOf, readManifests } from '../../lab/fleet/manifests.ts';
import { NO_REGISTRY } from '../helm.ts';
import { variables } from '../../worker/config.ts';
import { serveHealth } from '../../worker/health.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

const { objects } = await readManifests();
const podOf = (kind: string) => podSpecOf(objects, kind);

describe.each([
  { name: 'worker', kind: 'StatefulSet' },
  { name: 'agent', kind: 'DaemonSet' },
])('deploy/Dockerfile.$name', ({ name, kind }) => {
  const text = read(`deploy/Dockerfile.${name}`);
  const stages = text.split(/^(?=FROM )/m).slice(1);
  const last = stages.at(-1) ?? '';
  const pod = podOf(kind);
  const { securityContext, command: started, env } = pod.containers[0] as Container;

  test('has the Node that the tests run on', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as {
      devDependencies: { node: string };
    };
    expect(text).toContain(`ARG NODE_IMAGE=docker.io/library/node:${devDependencies.node}-`);
  });

  test('runs nothing in the stages of the target, so that no machine is emulated', () => {
    expect(stages.slice(1).join('')).not.toMatch(/^RUN /m);
  });

  test('starts as the manifest starts it, by the same user', () => {
    const user = { ...pod.securityContext, ...securityContext }.runAsUser;
    expect(last).toMatch(new RegExp(`^USER ${user}:${user}$`, 'm'));
    const command = JSON.parse(/^CMD (\[.*\])$/m.exec(last)?.[1] ?? '[]') as string[];
    // The Deployment leaves it to the image.
    expect(command).toEqual(started ?? ['node', '/app/worker/main.js']);
    for (const [, variable, value] of last.matchAll(/(MALLOC_[A-Z_]+)=(\S+)/g)) {
      expect(env).toContainEqual({ name: variable, value });
    }
  });
});

describe('docs/install.md', () => {
  const [, commands = ''] = /```sh\n(REGISTRY=[^`]+)```/.exec(read('docs/install.md')) ?? [];
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lockkeeper-install-'));
    // Does nothing but write down what it was asked.
    writeFileSync(join(dir, 'docker'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  test('builds and pushes what the chart pulls, by its Dockerfile', () => {
    const env = { PATH: `${dir}:/usr/bin:/bin` };
    const asked = execFileSync('sh', ['-euc', commands], { env, encoding: 'utf8' });
    const images = ['StatefulSet', 'DaemonSet'].map((kind) =>
      (podOf(kind).containers[0]?.image ?? '').replace(
        NO_REGISTRY,
        'registry.example.org/lockkeeper',
      ),
    );
    expect(asked.trim().split('\n')).toEqual(
      images.flatMap((image) => {
        const [, name, version] = /\/(\w+):(.*)$/.exec(image) ?? [];
        return [
          `build -f deploy/Dockerfile.${name} -t ${image} --build-arg VERSION=${version} .`,
          `push ${image}`,
        ];
      }),
    );
  });
});

test('.dockerignore lets in what is copied, and nothing else by mistake', () => {
  const lines = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  // Our licence, what npm ci reads, and what of our own the entry points of both images import.
  expect(lines).toEqual([
    '*',
    ...['LICENSE', 'package.json', 'package-lock.json', '.npmrc'].map((path) => `!${path}`),
    ...foldersOf(ENTRY_POINTS).map((path) => `!${path}`),
    '**/*.test.ts',
    '**/*.fixture.ts',
    '**/testing',
  ]);
});

const ENTRY_POINTS = [
  'deploy/image/worker.ts',
  'worker/main.ts',
  'worker/encryption/failure-converter.ts',
  'workflows/index.ts',
  'cli/main.ts',
  'agent/build.ts',
  'agent/main.ts',
];

const folderOf = (path: string): string => /^(deploy\/[^/]+|[^/]+)\//.exec(path)?.[1] ?? path;

/** The folders of every file of ours that these import, near or far; of deploy/ only the folder below it. */
function foldersOf(entryPoints: readonly string[]): string[] {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, specifier = ''] of read(path).matchAll(/(?:from|import) '(\.\.?\/[^']+)'/g)) {
      visit(posix.join(posix.dirname(path), specifier));
    }
  };
  for (const path of entryPoints) visit(path);
  return [...new Set([...seen].map(folderOf))].toSorted();
}

describe('the health check of the worker', () => {
  const [, script = ''] =
    /^ {2}CMD \["node", "-e", "(.*)"\]$/m.exec(read('deploy/Dockerfile.worker')) ?? [];
  let server: Server | undefined;

  const check = (env: NodeJS.ProcessEnv): Promise<number | null> =>
    new Promise((resolve) => {
      spawn(process.execPath, ['-e', script], { env }).once('exit', resolve);
    });

  async function worker(broken: string | undefined, host = '127.0.0.1'): Promise<string> {
    const metrics = { contentType: 'text/plain', text: async () => '' };
    const health = { notReady: () => 'not ready', broken: () => broken, metrics };
    server = await serveHealth({ host, port: 0 }, health);
    return `${host}:${(server.address() as AddressInfo).port}`;
  }

  afterEach(() => {
    server?.close();
  });

  test.each(['127.0.0.1', '0.0.0.0'])('asks where the worker listens, at %s', async (host) => {
    const address = await worker(undefined, host);
    expect(await check({ LOCKKEEPER_HEALTH_ADDRESS: address })).toBe(0);
  });

  test('fails when the worker is broken, and when nobody listens', async () => {
    const address = await worker('stuck');
    expect(await check({ LOCKKEEPER_HEALTH_ADDRESS: address })).toBe(1);
    server?.close();
    expect(await check({ LOCKKEEPER_HEALTH_ADDRESS: address })).toBe(1);
  });

  test('without the variable asks where the worker then listens', () => {
    const address = variables().find(({ name }) => name === 'LOCKKEEPER_HEALTH_ADDRESS');
    expect(script).toContain(`process.env.LOCKKEEPER_HEALTH_ADDRESS ?? '${address?.fallback}'`);
  });
});
