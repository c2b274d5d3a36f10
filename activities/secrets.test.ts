import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Secret } from '../domain/secret-schema.ts';
import { NoSecret, Revealed, secretsOf } from './secrets.ts';

const VALUE = 'T0PS3CRET';

let dir: string;
let secrets: string;
let outside: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'lockkeeper-secrets-')));
  secrets = join(dir, 'secrets');
  outside = join(dir, 'outside');
  mkdirSync(secrets);
  mkdirSync(outside);
  writeFileSync(join(outside, 'token'), VALUE);
});
afterEach(() => rmSync(dir, { recursive: true }));

const read = (secret: Secret, environment: NodeJS.ProcessEnv = {}) =>
  secretsOf(environment, [secrets]).read(secret);

async function refusal(secret: Secret, environment?: NodeJS.ProcessEnv): Promise<string> {
  const error: unknown = await read(secret, environment).catch((thrown: unknown) => thrown);
  if (!(error instanceof NoSecret)) throw new Error(`it is read: ${String(error)}`);
  expect(error.message).not.toContain(VALUE);
  return error.message;
}

describe('a file', () => {
  test('of a mounted Secret is read, as it is at that moment', async () => {
    for (const [version, value] of [
      ['..2026_11', 'old'],
      ['..2026_12', 'new'],
    ] as const) {
      mkdirSync(join(secrets, version));
      writeFileSync(join(secrets, version, 'token'), ` ${value}\n`);
      rmSync(join(secrets, '..data'), { force: true });
      symlinkSync(version, join(secrets, '..data'));
      rmSync(join(secrets, 'token'), { force: true });
      symlinkSync('..data/token', join(secrets, 'token'));
      expect(await read({ file: join(secrets, 'token') })).toBe(value);
    }
  });

  test('of a directory that is a link itself is read', async () => {
    writeFileSync(join(secrets, 'token'), VALUE);
    symlinkSync(secrets, join(dir, 'link'));
    expect(await secretsOf({}, [join(dir, 'link')]).read({ file: join(dir, 'link/token') })).toBe(
      VALUE,
    );
  });

  test.each<[string, (here: string) => string | undefined, string]>([
    ['elsewhere', (here) => join(here, '../outside/token'), 'write a file in '],
    ['in a directory whose name goes on', (here) => `${here}-too/token`, 'write a file in '],
    ['by a detour', (here) => `${here}/../outside/token`, 'write a path without // '],
    ['by two slashes', (here) => `/${here}/token`, 'write a path without // '],
    ['by a dot', (here) => `${here}/./token`, 'write a path without // '],
    ['with a dot at its end', (here) => `${here}/token/.`, 'write a path without // '],
    ['of the process', () => '/proc/self/environ', "write another file than the worker's own "],
  ])('%s is refused', async (_, pathOf, rule) => {
    const file = pathOf(secrets) ?? '';
    expect(await refusal({ file })).toMatch(`${file} is not read: ${rule}`);
  });

  test.each<[string, () => string, string]>([
    ['elsewhere', () => join(outside, 'token'), 'write a file in '],
    ['the process', () => '/proc/self/environ', "write another file than the worker's own "],
    ['a device', () => '/dev/zero', "write another file than the worker's own "],
  ])('that is a link to %s is refused', async (_, target, rule) => {
    const file = join(secrets, 'link');
    symlinkSync(target(), file);
    expect(await refusal({ file })).toMatch(`${file} is not read: ${rule}`);
  });

  test('beyond a directory that is a link to elsewhere is refused', async () => {
    symlinkSync(outside, join(secrets, 'link'));
    expect(await refusal({ file: join(secrets, 'link/token') })).toContain('write a file in ');
  });

  test.each<[string, (path: string) => void, string]>([
    ['is not there', () => undefined, 'cannot be read (ENOENT)'],
    ['is empty', (path) => writeFileSync(path, '\n'), 'is empty'],
    ['is a directory', (path) => mkdirSync(path), 'cannot be read (it is no regular file)'],
    ['is a pipe', (path) => execFileSync('mkfifo', [path]), 'cannot be read (it is no regular'],
    [
      'is too long',
      (path) => writeFileSync(path, 'x'.repeat(1_000_001)),
      'cannot be read (it is longer than 1 MB)',
    ],
  ])('that %s says so', async (_, make, because) => {
    const file = join(secrets, 'token');
    make(file);
    expect(await refusal({ file })).toMatch(`${file} ${because}`);
  });

  test.each([
    'TEMPORAL_CONFIG_FILE',
    'TEMPORAL_TLS_CLIENT_KEY_PATH',
    'LOCKKEEPER_PAYLOAD_KEY_FILE',
  ])("beside the worker's own of %s is refused", async (name) => {
    const mounted = join(secrets, 'profile');
    mkdirSync(mounted);
    for (const key of ['own', 'tls.key']) writeFileSync(join(mounted, key), VALUE);
    const environment = { [name]: join(mounted, 'own') };
    for (const key of ['own', 'tls.key']) {
      expect(await refusal({ file: join(mounted, key) }, environment)).toContain(
        `write a file of another directory than that of ${name}`,
      );
    }
  });

  test('beside what is no credential is read', async () => {
    for (const name of ['ca.crt', 'policy.yaml', 'token'])
      writeFileSync(join(secrets, name), VALUE);
    const environment = {
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(secrets, 'ca.crt'),
      LOCKKEEPER_POLICY: join(secrets, 'policy.yaml'),
    };
    expect(await read({ file: join(secrets, 'token') }, environment)).toBe(VALUE);
  });
});

describe('a variable', () => {
  test('is read without what surrounds it', async () => {
    expect(await read({ variable: 'TOKEN' }, { TOKEN: ` ${VALUE}\n` })).toBe(VALUE);
  });

  test.each([{}, { TOKEN: '' }])('that is not there says so: %j', async (environment) => {
    expect(await refusal({ variable: 'TOKEN' }, environment)).toBe(
      'the worker has no environment variable TOKEN',
    );
  });

  test("of the worker's own is refused, whatever let it through", async () => {
    const environment = { TEMPORAL_API_KEY: VALUE };
    expect(await refusal({ variable: 'TEMPORAL_API_KEY' }, environment)).toBe(
      "${TEMPORAL_API_KEY} is not read: write another variable than TEMPORAL_API_KEY, which is the worker's own",
    );
  });
});

test.each([
  ['itself', `no ${VALUE}`, 'no …'],
  ['a part of it', 'no /p4th-0f-it/', 'no /…/'],
  ['as in an address', `?a=https%3A%2F%2Fh%2Fp4th-0f-it%2F${VALUE}&b`, '?a=…&b'],
  ['nothing of it', 'https is not', 'https is not'],
])('what was revealed is taken out of words: %s', async (_, words, said) => {
  const address = `https://h/p4th-0f-it/${VALUE}`;
  const revealed = new Revealed(secretsOf({ ADDRESS: address, SHORT: 'is' }));
  await revealed.read({ variable: 'ADDRESS' });
  await revealed.read({ variable: 'SHORT' });
  expect(revealed.redact(words)).toBe(said);
});
