import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { NO_POLICY, type Policy } from '../domain/policy.ts';
import { BadPolicy, loadPolicy, PolicyFile } from './policy-file.ts';

const GOOD = 'pools:\n  - { name: workers, nodes: "pool=workers" }\n';
const OTHER = 'pools:\n  - { name: others, nodes: "pool=others" }\n';
const TYPO = GOOD.replace('nodes:', 'noodes:');

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockkeeper-policy-'));
  path = join(directory, 'policy.yaml');
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const write = (text: string): void => writeFileSync(path, text);
const poolsOf = ({ pools }: Policy): string[] => pools.map(({ name }) => name);

describe('G9: loading refuses', () => {
  test.each([
    ['a typing error', TYPO, /pools\[0\]\.noodes: there is no such key; did you mean nodes\?/],
  ])('%s', (_, text, because) => {
    write(text);
    expect(() => loadPolicy(path)).toThrow(BadPolicy);
    expect(() => loadPolicy(path)).toThrow(because);
    expect(() => loadPolicy(path)).toThrow(`${path} is refused`);
  });

  test('a file that is not there', () => {
    expect(() => loadPolicy(path)).toThrow(BadPolicy);
    expect(() => loadPolicy(path)).toThrow(/ENOENT/);
  });
});

const begun = (): PolicyFile => {
  write(TYPO);
  return new PolicyFile(path);
};

describe('G9: where the file is bad from the beginning,', () => {
  test('no policy is in force, and why is known', () => {
    const file = begun();
    expect(file.current()).toBe(NO_POLICY);
    expect(file.notInForce()).toMatch(/^no policy is in force: .*pools\[0\]\.noodes: there is no/);
    expect(file.problems).toHaveLength(2);
  });

  test('it is told once, when somebody listens', () => {
    const file = begun();
    const refused = jest.fn<(problem: Error) => void>();
    const changed = jest.fn();
    file.watch({ changed, refused });
    file.readAgain({ changed, refused });
    file.close();
    expect(refused).toHaveBeenCalledTimes(1);
    expect(changed).not.toHaveBeenCalled();
  });

  test('the first good one is in force at once', () => {
    const file = begun();
    const changed = jest.fn<(policy: Policy, hash: string) => void>();
    write(GOOD);
    file.readAgain({ changed, refused: () => undefined });
    expect(poolsOf(file.current())).toEqual(['workers']);
    expect(file.notInForce()).toBeUndefined();
    expect(changed.mock.calls).toEqual([[file.current(), file.hash]]);
  });
});

/** What the kubelet does: a new directory, a link to it beside the old one, and that renamed over it. */
function publish(name: string, text: string): void {
  mkdirSync(join(directory, name));
  writeFileSync(join(directory, name, 'policy.yaml'), text);
  symlinkSync(name, join(directory, '..data_tmp'));
  renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
}

describe('the mounted ConfigMap', () => {
  test('G9: is read again when its link is renamed to another directory, and a bad one changes nothing', () => {
    publish('..1', GOOD);
    symlinkSync(join('..data', 'policy.yaml'), path);
    const file = new PolicyFile(path);
    const changed = jest.fn();
    const refused = jest.fn();
    publish('..2', OTHER);
    rmSync(join(directory, '..1'), { recursive: true });
    file.readAgain({ changed, refused });
    expect(poolsOf(file.current())).toEqual(['others']);
    publish('..3', TYPO);
    file.readAgain({ changed, refused });
    expect(poolsOf(file.current())).toEqual(['others']);
    expect([changed, refused].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });
});

const onStage = () => {
  write(GOOD);
  const file = new PolicyFile(path);
  const changed = jest.fn<(policy: Policy, hash: string) => void>();
  const refused = jest.fn<(problem: Error) => void>();
  const readAgain = (text: string): void => {
    write(text);
    file.readAgain({ changed, refused });
  };
  return { file, changed, refused, readAgain };
};

describe('the policy in force', () => {
  test('is the one in the file', () => {
    const { file } = onStage();
    expect(poolsOf(file.current())).toEqual(['workers']);
    expect(file.hash).toMatch(/^[0-9a-f]{12}$/);
  });

  test('changes with the file, and says so once', () => {
    const { file, changed, refused, readAgain } = onStage();
    const before = file.hash;
    readAgain(OTHER);
    readAgain(OTHER);
    expect(poolsOf(file.current())).toEqual(['others']);
    expect(changed.mock.calls).toEqual([[file.current(), file.hash]]);
    expect(file.hash).not.toBe(before);
    expect(refused).not.toHaveBeenCalled();
  });

  test('says nothing while the file stays as it is, and does not parse it again', () => {
    const { file, changed, readAgain } = onStage();
    const before = file.current();
    readAgain(GOOD);
    expect(changed).not.toHaveBeenCalled();
    expect(file.current()).toBe(before);
  });

  test('G9: says that all is well again when the file was away for a while and is as it was', () => {
    const { file, changed, refused } = onStage();
    rmSync(path);
    file.readAgain({ changed, refused });
    expect(file.refusedBecause).toMatch(/ENOENT/);
    write(GOOD);
    file.readAgain({ changed, refused });
    expect(file.refusedBecause).toBeUndefined();
    expect(changed).not.toHaveBeenCalled();
  });

  test('G9: stays the last good one while the file is bad, and the error is told once', () => {
    const { file, changed, refused, readAgain } = onStage();
    const before = { policy: file.current(), hash: file.hash };
    readAgain(TYPO);
    readAgain(TYPO);
    expect({ policy: file.current(), hash: file.hash }).toEqual(before);
    expect(changed).not.toHaveBeenCalled();
    expect(refused).toHaveBeenCalledTimes(1);
    expect(refused.mock.calls[0]?.[0].message).toMatch(/pools\[0\]\.noodes: there is no such key/);
  });

  test('G9: tells of each new error, and of an old one that comes back', () => {
    const { refused, readAgain } = onStage();
    readAgain(TYPO);
    readAgain('pools: [');
    expect(refused).toHaveBeenCalledTimes(2);
    readAgain(GOOD);
    readAgain('pools: [');
    expect(refused).toHaveBeenCalledTimes(3);
  });

  test('G9: stays when the file is taken away, and takes up the next one', () => {
    const { file, refused, changed, readAgain } = onStage();
    rmSync(path);
    file.readAgain({ changed, refused });
    expect(poolsOf(file.current())).toEqual(['workers']);
    expect(refused).toHaveBeenCalledTimes(1);
    readAgain(OTHER);
    expect(poolsOf(file.current())).toEqual(['others']);
  });

  test('is read again by itself until it is closed', () => {
    jest.useFakeTimers();
    try {
      const { file, changed, refused } = onStage();
      file.watch({ changed, refused });
      write(OTHER);
      jest.advanceTimersByTime(5_000);
      expect(changed).toHaveBeenCalledTimes(1);
      file.close();
      write(GOOD);
      jest.advanceTimersByTime(60_000);
      expect(changed).toHaveBeenCalledTimes(1);
    } finally {
      jest.useRealTimers();
    }
  });
});
