import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { ValidationSeverity, validate } from 'dockerfile-utils';
import { readManifests } from '../../lab/fleet/manifests.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

interface Workload {
  readonly kind: string;
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}
interface PodSpec {
  readonly securityContext?: { readonly runAsUser?: number };
  readonly containers: readonly {
    readonly command?: readonly string[];
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly securityContext: { readonly runAsUser?: number };
  }[];
}

const { objects } = await readManifests();
const podOf = (kind: string): PodSpec => {
  const found = objects.find((object) => object.kind === kind) as unknown as Workload;
  return found.spec.template.spec;
};

describe.each([
  { name: 'worker', kind: 'Deployment' },
  { name: 'agent', kind: 'DaemonSet' },
])('deploy/Dockerfile.$name', ({ name, kind }) => {
  const text = read(`deploy/Dockerfile.${name}`);
  const stages = text.split(/^(?=FROM )/m).slice(1);
  const last = stages.at(-1) ?? '';
  const [container] = podOf(kind).containers;

  test('has nothing to complain of', () => {
    const options = {
      deprecatedMaintainer: ValidationSeverity.ERROR,
      emptyContinuationLine: ValidationSeverity.ERROR,
      instructionCasing: ValidationSeverity.ERROR,
      instructionCmdMultiple: ValidationSeverity.ERROR,
      instructionWorkdirRelative: ValidationSeverity.ERROR,
      instructionJSONInSingleQuotes: ValidationSeverity.ERROR,
    };
    expect(validate(text, options).map(({ message, range }) => ({ message, range }))).toEqual([]);
  });

  test('takes every foreign image as an argument', () => {
    const froms = stages.map((stage) => stage.split('\n')[0]);
    expect(froms).toEqual([
      'FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build',
      'FROM ${NODE_IMAGE} AS node',
      'FROM ${BASE_IMAGE}',
    ]);
  });

  test('has the Node that the tests run on', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as {
      devDependencies: { node: string };
    };
    expect(text).toContain(`ARG NODE_IMAGE=docker.io/library/node:${devDependencies.node}-`);
  });

  test('runs nothing in the stages of the target, so that no machine is emulated', () => {
    expect(stages.slice(1).join('')).not.toMatch(/^RUN /m);
  });

  test('says what it is, as OCI has it', () => {
    for (const label of ['title', 'description', 'source', 'licenses', 'version', 'revision']) {
      expect(last).toMatch(new RegExp(`org\\.opencontainers\\.image\\.${label}=".+"`));
    }
  });

  test('starts as the manifest starts it, by the same user', () => {
    const user = container?.securityContext.runAsUser ?? podOf(kind).securityContext?.runAsUser;
    expect(last).toMatch(new RegExp(`^USER ${user}:${user}$`, 'm'));
    const command = JSON.parse(/^CMD (\[.*\])$/m.exec(last)?.[1] ?? '[]') as string[];
    if (container?.command) expect(command).toEqual(container.command);
    expect(command[0]).toBe('node');
    for (const [, variable, value] of last.matchAll(/(MALLOC_[A-Z_]+)=(\S+)/g)) {
      expect(container?.env).toContainEqual({ name: variable, value });
    }
  });
});

test('.dockerignore lets in what is copied, and nothing else by mistake', () => {
  const lines = read('.dockerignore').split('\n');
  expect(lines).toContain('*');
  const letIn = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  expect(letIn).toEqual(
    expect.arrayContaining(['package.json', 'package-lock.json', '.npmrc', 'worker', 'agent']),
  );
  expect(letIn.filter((path) => /node_modules|\.git|test|lab|dist/.test(path))).toEqual([]);
});
