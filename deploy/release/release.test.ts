import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { baseImagesOf, pinnedArguments } from './base-images.ts';
import { readChangelog, sectionOf } from './changelog.ts';
import { writeChecksums } from './checksums.ts';
import { pinImages } from './pin.ts';
import { versionOf } from './version.ts';

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const digest = (character: string): string => `sha256:${character.repeat(64)}`;

const withoutImages = (text: string): string => text.replaceAll(/image: .*/g, '');

const PROGRAM = fileURLToPath(new URL('main.ts', import.meta.url));
const release = (...args: string[]): string =>
  execFileSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', stdio: 'pipe' });

describe('the notes of a release', () => {
  const CHANGELOG = `# Changelog

## Unreleased

- later

## 0.2.0 - 2027-01-16

### Added

- this

## [0.1.0] - 2026-12-01

- first

## 0.0.1
`;

  test('are what the changelog says of it, and nothing of another version', () => {
    expect(sectionOf(CHANGELOG, '0.2.0')).toBe('### Added\n\n- this\n');
    expect(sectionOf(CHANGELOG, '0.1.0')).toBe('- first\n');
  });

  test.each([
    { version: '0.3.0', because: 'CHANGELOG.md has no section ## 0.3.0' },
    { version: '0.2', because: 'CHANGELOG.md has no section ## 0.2' },
    { version: '0.0.1', because: 'CHANGELOG.md says nothing of 0.0.1' },
  ])('cannot be had for $version', ({ version, because }) => {
    expect(() => sectionOf(CHANGELOG, version)).toThrow(because);
  });

  test('cannot be had where two sections have the version', () => {
    expect(() => sectionOf(`${CHANGELOG}\n## 0.2.0\n\n- again\n`, '0.2.0')).toThrow('two sections');
  });

  test('are there in the changelog of this project', () => {
    expect(sectionOf(readChangelog(), 'Unreleased')).toMatch(/^### /);
  });
});

describe('the tag of a release', () => {
  const { version } = JSON.parse(read('../../package.json')) as { version: string };

  test('names the version of package and chart', () => {
    expect(versionOf(`v${version}`)).toBe(version);
  });

  test.each([version, 'v1', `v${version}/x`, `v${version} `])('is refused: %s', (tag) => {
    expect(() => versionOf(tag)).toThrow('is no tag of a release');
  });

  test('is refused with another version', () => {
    expect(() => versionOf('v99.0.0')).toThrow(`package.json says ${version}, the tag 99.0.0`);
  });
});

describe('the manifests of a release', () => {
  const manifests = read('../lockkeeper.yaml');
  const digests = { worker: digest('a'), agent: digest('b') };

  test('name both images by tag and digest, and change nothing else', () => {
    const pinned = pinImages(manifests, 'registry.example/here', digests);
    const { version } = JSON.parse(read('../../package.json')) as { version: string };
    expect(pinned.match(/image: .*/g)).toEqual([
      `image: registry.example/here/agent:${version}@${digests.agent}`,
      `image: registry.example/here/worker:${version}@${digests.worker}`,
    ]);
    expect(withoutImages(pinned)).toBe(withoutImages(manifests));
  });

  test.each([
    { name: 'a digest that is none', text: manifests, given: { ...digests, agent: 'sha256:0' } },
    {
      name: 'an image that is not ours',
      text: `${manifests}\n  image: x/nginx:1\n`,
      given: digests,
    },
    { name: 'one of them missing', text: '  image: x/worker:1\n', given: digests },
  ])('are refused with $name', ({ text, given }) => {
    expect(() => pinImages(text, 'r', given)).toThrow(/is no (image|digest)|no image of agent/);
  });
});

describe('the images that the Dockerfiles build on', () => {
  test.each(['worker', 'agent'])('are found in that of the %s', (component) => {
    const text = read(`../Dockerfile.${component}`);
    const images = baseImagesOf(text);
    expect(Object.keys(images)).toEqual(['NODE_IMAGE', 'BASE_IMAGE']);
    // Every stage is made of one of them.
    const used = [...text.matchAll(/^FROM .*\$\{(\w+)\}/gm)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(Object.keys(images)));
  });

  test('are pinned, each with the digest its registry has for it', async () => {
    const dockerfile = 'ARG NODE_IMAGE=node:24\nARG BASE_IMAGE=base:1\nARG VERSION=unreleased\n';
    const digests = new Map([
      ['node:24', digest('1')],
      ['base:1', digest('2')],
    ]);
    const ask = async (image: string) => digests.get(image) ?? '';
    expect(await pinnedArguments(dockerfile, ask)).toEqual([
      `NODE_IMAGE=node:24@${digest('1')}`,
      `BASE_IMAGE=base:1@${digest('2')}`,
    ]);
    await expect(pinnedArguments('ARG X_IMAGE=y:1\n', ask)).rejects.toThrow('y:1 has no digest');
  });
});

describe('the checksums of a release', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lockkeeper-checksums-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  test('are those of its files, also the second time', () => {
    mkdirSync(join(dir, 'folder'));
    writeFileSync(join(dir, 'lockkeeper.yaml'), 'a');
    writeFileSync(join(dir, 'lockkeeper-0.1.0.tgz'), 'b');
    const first = writeChecksums(dir);
    expect(writeChecksums(dir)).toBe(first);
    // As sha256sum writes them, and reads them with -c.
    expect(first).toBe(
      '3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  lockkeeper-0.1.0.tgz\n' +
        'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  lockkeeper.yaml\n',
    );
    expect(readFileSync(join(dir, 'SHA256SUMS'), 'utf8')).toBe(first);
  });

  test('of nothing are a mistake', () => {
    expect(() => writeChecksums(dir)).toThrow('there is nothing in');
  });
});

const statusOf = (...args: string[]): unknown => {
  try {
    release(...args);
    return 0;
  } catch (error) {
    return (error as { status: unknown }).status;
  }
};

describe('npm run -s release', () => {
  test('tells of its commands', () => {
    expect(release('--help')).toContain('checksums DIRECTORY');
  });

  test('prints manifests with digests', () => {
    const printed = release('manifests', 'r.example/x', digest('c'), digest('d'));
    expect(printed).toContain(`r.example/x/worker:0.1.0@${digest('c')}`);
  });

  test('says by its exit status what became of it', () => {
    expect(statusOf('notes', 'Unreleased')).toBe(0);
    expect(statusOf('notes', '99.0.0')).toBe(1);
    expect(statusOf('notes')).toBe(2);
    expect(statusOf('publish', 'x')).toBe(2);
  });
});
