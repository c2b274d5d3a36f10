import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { copyPackages, packagesWith } from './packages.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lockkeeper-packages-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const versions = (names: readonly string[] = []) =>
  Object.fromEntries(names.map((name) => [name, '1.0.0']));

/** Installs a package at a place below node_modules, with a file to run, its types and its map. */
function install(
  place: string,
  needs: { always?: readonly string[]; ifThere?: readonly string[] } = {},
) {
  const directory = join(root, 'node_modules', place);
  mkdirSync(directory, { recursive: true });
  const file = {
    dependencies: versions(needs.always),
    optionalDependencies: versions(needs.ifThere),
  };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(file));
  for (const name of ['index.js', 'index.js.map', 'index.d.ts', 'index.d.cts']) {
    writeFileSync(join(directory, name), '');
  }
}

const wanted = (packages: readonly string[], without: readonly string[] = []) => ({
  root,
  packages,
  without,
});

describe('the packages that are wanted', () => {
  test('come with all they need, each once, whoever needs it', () => {
    install('@a/one', { always: ['two', 'three'] });
    install('two', { always: ['three'] });
    install('three', { always: ['two'] });
    install('other');
    expect(packagesWith(wanted(['@a/one', 'two']))).toEqual([
      'node_modules/@a/one',
      'node_modules/three',
      'node_modules/two',
    ]);
  });

  test('come with the versions that they see', () => {
    install('one', { always: ['two'] });
    install('one/node_modules/two', { always: ['three'] });
    install('two');
    install('three');
    expect(packagesWith(wanted(['one']))).toEqual([
      'node_modules/one',
      'node_modules/one/node_modules/two',
      'node_modules/three',
    ]);
  });

  test('come without what is left out, and what only that needs', () => {
    install('one', { always: ['compiler'] });
    install('compiler', { always: ['its-library'] });
    install('its-library');
    expect(packagesWith(wanted(['one'], ['compiler']))).toEqual(['node_modules/one']);
  });

  test('come without an optional one that is not for this machine', () => {
    install('one', { always: ['for-windows'], ifThere: ['for-windows', 'for-linux'] });
    install('for-linux');
    expect(packagesWith(wanted(['one']))).toEqual(['node_modules/for-linux', 'node_modules/one']);
  });

  test('are all there, or it is said which one is not, and who needs it', () => {
    install('one', { always: ['two'] });
    expect(() => packagesWith(wanted(['one']))).toThrow(
      'two, which node_modules/one needs, is not installed',
    );
    expect(() => packagesWith(wanted(['none']))).toThrow(
      'none, which the image needs, is not installed',
    );
  });

  test('are copied to their places, without types, maps, and what is not wanted of them', () => {
    install('one', { always: ['two'] });
    install('one/node_modules/two');
    install('one/node_modules/stray');
    const to = join(root, 'image');
    copyPackages(wanted(['one']), to, (path) => path !== 'node_modules/one/index.js');
    const there = (path: string) => existsSync(join(to, 'node_modules', path));
    expect(there('one/package.json')).toBe(true);
    expect(there('one/node_modules/two/index.js')).toBe(true);
    expect(there('one/index.js')).toBe(false);
    for (const path of ['one/index.js.map', 'one/index.d.ts', 'one/index.d.cts']) {
      expect({ path, there: there(path) }).toEqual({ path, there: false });
    }
    expect(there('one/node_modules/stray')).toBe(false);
  });
});
