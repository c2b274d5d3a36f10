import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { notesOf, pinImages, pinnedArguments, pinValues, versionOf } from './release.ts';

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const read = (path: string): string => readFileSync(pathOf(path), 'utf8');
const digest = (character: string): string => `sha256:${character.repeat(64)}`;
const { version } = JSON.parse(read('../package.json')) as { version: string };

const CHANGELOG = `# Changelog

## Unreleased

- later

## 0.2.0 - 2027-01-16

### Added

- this

## 0.0.1

## 0.0.2

- once

## 0.0.2

- again
`;

test('the notes are what the changelog says of the version, and nothing of another', () => {
  expect(notesOf(CHANGELOG, '0.2.0')).toBe('### Added\n\n- this\n');
  expect(notesOf(read('../CHANGELOG.md'), 'Unreleased')).toMatch(/^### /);
});

test.each(['0.3.0', '0.2', '0.0.1', '0.0.2'])('there are no notes of %s', (of) => {
  expect(() => notesOf(CHANGELOG, of)).toThrow(/CHANGELOG.md (says nothing of|has two)/);
});

test('a tag names the version of package and chart', () => {
  expect(versionOf(`v${version}`)).toBe(version);
  expect(() => versionOf('v99.0.0')).toThrow(`package.json says ${version}, the tag 99.0.0`);
  for (const tag of [version, 'v1', `v${version}/x`, `v${version} `]) {
    expect(() => versionOf(tag)).toThrow('is no tag of a release');
  }
});

const manifests = read('lockkeeper.yaml');
const digests = { worker: digest('a'), agent: digest('b') };
/** What a registry says of images that are not ours. */
const theirs = (): string => digest('c');
const withoutImages = (text: string): string => text.replaceAll(/image: .*/g, '');

test('the manifests name every image by tag and digest, and change nothing else', () => {
  const pinned = pinImages(manifests, 'registry.example/here', digests, theirs);
  expect(pinned.match(/image: .*/g)).toEqual([
    `image: registry.example/here/agent:${version}@${digests.agent}`,
    `image: registry.example/here/worker:${version}@${digests.worker}`,
    `image: registry.example/here/worker:${version}@${digests.worker}`,
    expect.stringMatching(/^image: "docker.io\/temporalio\/server:[0-9.]+@sha256:c{64}"$/),
  ]);
  expect(withoutImages(pinned)).toBe(withoutImages(manifests));
});

test('the values of the chart name every image by digest, and where ours are', () => {
  const values = read('chart/values.yaml');
  interface Images {
    image: object;
    temporal: { embedded: { image: string; ui: { image: string } } };
  }
  const pinned = parse(pinValues(values, 'registry.example/here', digests, theirs)) as Images;
  const before = parse(values) as Images;
  const { temporal, image } = before;
  const { embedded } = temporal;
  const withDigest = (name: string): string => `${name}@${theirs()}`;
  expect(pinned).toEqual({
    ...before,
    image: { ...image, registry: 'registry.example/here', digests },
    temporal: {
      ...temporal,
      embedded: {
        ...embedded,
        image: withDigest(embedded.image),
        ui: { ...embedded.ui, image: withDigest(embedded.ui.image) },
      },
    },
  });
  expect(() => pinValues(values, 'r', { ...digests, agent: '' }, theirs)).toThrow('is no digest');
  expect(() => pinValues(values, 'r', digests, () => '')).toThrow('has no digest');
  expect(() => pinValues('image: {}', 'r', digests, theirs)).toThrow('has not one');
});

test.each([
  ['a digest that is none', manifests, { ...digests, agent: 'sha256:0' }],
  ['an image that is not ours', `${manifests}\n  image: "x/nginx:1"\n`, digests],
  ['one of them missing', '  image: "x/worker:1"\n', digests],
])('the manifests are refused with %s', (_, text, given) => {
  expect(() => pinImages(text, 'r', given, theirs)).toThrow(
    /is no (image|digest)|no image of agent/,
  );
});

test.each(['worker', 'agent'])('every image that Dockerfile.%s builds on is pinned', (name) => {
  const text = read(`Dockerfile.${name}`);
  const pinned = pinnedArguments(text, () => digest('1'));
  expect(pinned).toEqual([
    expect.stringMatching(/^NODE_IMAGE=\S+:\S+@sha256:1/),
    expect.stringMatching(/^BASE_IMAGE=\S+:\S+@sha256:1/),
  ]);
  const froms = [...text.matchAll(/^FROM .*?(\S+)( AS \w+)?$/gm)].map(([, image]) => image);
  expect(new Set(froms)).toEqual(new Set(['${NODE_IMAGE}', '${BASE_IMAGE}']));
  expect(() => pinnedArguments(text, () => '')).toThrow('has no digest');
});

test.each([
  { args: ['notes', 'Unreleased'], status: 0 },
  { args: ['notes', '99.0.0'], status: 1 },
  { args: ['notes'], status: 2 },
  { args: ['publish', 'x'], status: 2 },
  { args: ['--help'], status: 0 },
])('the exit status of npm run release -- $args is $status', ({ args, status }) => {
  expect(spawnSync(process.execPath, [pathOf('release.ts'), ...args]).status).toBe(status);
});
