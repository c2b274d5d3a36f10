import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { encryptedBundle } from '../../worker/encryption/bundle-path.ts';
import { changedIn, HISTORIES, NEXT, recordedIn, seal, versionsIn } from './recorded.ts';

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const PLAIN = process.env['LOCKKEEPER_TEST_BUNDLE'] ?? '';
const recorded = recordedIn(HISTORIES);

function replay(bundle: string, how: 'plain' | 'encrypted'): unknown {
  const args = [pathOf('replay-main.ts'), bundle, how, ...recorded];
  const answer = execFileSync(process.execPath, args, { encoding: 'utf8', cwd: HISTORIES });
  return JSON.parse(answer);
}
const allWell = Object.fromEntries(recorded.map((path) => [path, null]));

describe('G7: every recorded history replays with the workflow code of today', () => {
  test('in a worker as it is', () => {
    const names = recorded.map((path) => path.split('/').at(-1));
    expect(names).toContain('rebooted.json');
    expect(names).toContain('pool-lock.json');
    expect(replay(PLAIN, 'plain')).toEqual(allWell);
  });

  test('in one that encrypts', () => {
    execFileSync(process.execPath, [pathOf('../../worker/build.ts'), PLAIN, '--encrypted']);
    expect(replay(encryptedBundle(PLAIN), 'encrypted')).toEqual(allWell);
  });
});

describe('what a released version has recorded', () => {
  test('is in a directory of its own', () => {
    expect(recorded.filter((path) => !/^(next|\d+\.\d+\.\d+)\/[^/]+$/.test(path))).toEqual([]);
  });

  test('is as it was', () => {
    const released = versionsIn(HISTORIES).filter((version) => version !== NEXT);
    const changed = released.flatMap((version) => changedIn(join(HISTORIES, version)));
    expect(changed).toEqual([]);
  });
});

describe('a sealed directory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lockkeeper-histories-'));
    for (const path of recorded.filter((path) => /\/(rebooted|reset|aborted)\./.test(path))) {
      cpSync(join(HISTORIES, path), join(directory, path.split('/').at(-1) ?? ''));
    }
    seal(directory);
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('is as it was while nobody touches it', () => {
    expect(readdirSync(directory)).toHaveLength(4);
    expect(changedIn(directory)).toEqual([]);
  });

  test('tells what was changed, added or taken away', () => {
    writeFileSync(join(directory, 'rebooted.json'), '{}');
    writeFileSync(join(directory, 'another.json'), '{}');
    rmSync(join(directory, 'reset.json'));
    expect(changedIn(directory)).toEqual(['another.json', 'rebooted.json', 'reset.json']);
  });

  test('without its checksums is none', () => {
    rmSync(join(directory, 'SHA256SUMS'));
    expect(() => changedIn(directory)).toThrow('SHA256SUMS');
  });
});
