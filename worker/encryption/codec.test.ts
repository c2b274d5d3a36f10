import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Payload } from '@temporalio/common';
import { codecOf, EncryptionCodec } from './codec.ts';
import { BadKeyFile, KeyFile, parseKeys, type Keys, type PayloadKey } from './keys.ts';

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();
const payload = (json: string): Payload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(json),
});
const aKey = (id: string): PayloadKey => ({ id, secret: randomBytes(32) });
const keysOf = (...keys: readonly PayloadKey[]): Keys => ({
  current: () => keys[0] as PayloadKey,
  of: (id) => keys.find((key) => key.id === id),
});
const one = ([first]: readonly Payload[]): Payload => first as Payload;

describe('a payload', () => {
  const old = aKey('old');
  const codec = new EncryptionCodec(keysOf(old));

  test('is not readable on its way, and is as before when it is back', async () => {
    const sent = one(await codec.encode([payload('"worker-7"')]));
    expect(text(sent.metadata?.['encoding'])).toBe('binary/encrypted');
    expect(text(sent.data)).not.toContain('worker');
    const back = one(await codec.decode([sent]));
    expect([text(back.metadata?.['encoding']), text(back.data)]).toEqual([
      'json/plain',
      '"worker-7"',
    ]);
  });

  test('never looks the same twice', async () => {
    const [first, second] = await codec.encode([payload('1'), payload('1')]);
    expect(text(first?.data)).not.toBe(text(second?.data));
  });

  test('that nobody has encrypted is taken as it is', async () => {
    const plain = payload('{"node":"worker-7"}');
    expect(await codec.decode([plain])).toEqual([plain]);
  });

  test('of a former key is read after the rotation, and new ones get the new key', async () => {
    const sent = one(await codec.encode([payload('1')]));
    const rotated = new EncryptionCodec(keysOf(aKey('new'), old));
    expect(text(one(await rotated.decode([sent])).data)).toBe('1');
    const next = one(await rotated.encode([payload('2')]));
    expect(text(next.metadata?.['encryption-key-id'])).toBe('new');
  });

  test('of a key that is not here is refused with its id', async () => {
    const sent = await codec.encode([payload('1')]);
    const other = new EncryptionCodec(keysOf(aKey('new')));
    await expect(other.decode(sent)).rejects.toThrow('there is no key with the id "old" here');
  });

  test('that was tampered with is refused, and so is one of another key with its id', async () => {
    const sent = one(await codec.encode([payload('1')]));
    const bytes = Buffer.from(sent.data ?? []);
    bytes.writeUInt8(bytes.readUInt8(14) ^ 1, 14);
    await expect(codec.decode([{ ...sent, data: bytes }])).rejects.toThrow(/authenticate/);
    await expect(codec.decode([{ ...sent, data: Buffer.from('short') }])).rejects.toThrow();
    const impostor = new EncryptionCodec(keysOf(aKey('old')));
    await expect(impostor.decode([sent])).rejects.toThrow(/authenticate/);
  });
});

const secret = (): string => randomBytes(32).toString('base64');

describe('a key file', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lockkeeper-keys-'));
    path = join(directory, 'keys');
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('has one key a line, of which the first is the current one', () => {
    const [one, two] = [secret(), secret()];
    const keys = parseKeys(`# comment\n\n 2027-01\t${one} \n2026-12 ${two}\r\n`, 'keys');
    expect(keys.map(({ id, secret: bytes }) => [id, bytes.toString('base64')])).toEqual([
      ['2027-01', one],
      ['2026-12', two],
    ]);
  });

  test.each([
    { name: 'without a key', written: '# none\n', because: /^keys: there is no key in it$/ },
    { name: 'with a key that is too short', written: 'a AAAA\n', because: /^keys:1: write an id/ },
    { name: 'with a key without id', written: `\n${secret()}\n`, because: /^keys:2: write an id/ },
    {
      name: 'with an id twice',
      written: `a ${secret()}\na ${secret()}\n`,
      because: /^keys:2: there is another key with the id a$/,
    },
  ])('G9: $name is refused, and no key is repeated', ({ written, because }) => {
    const parsing = () => parseKeys(written, 'keys');
    expect(parsing).toThrow(BadKeyFile);
    expect(parsing).toThrow(because);
    for (const key of written.match(/\S{44}/g) ?? []) {
      expect(parsing).not.toThrow(key);
    }
  });

  test('G9: that is not there is refused, by its variable', () => {
    expect(() => new KeyFile(path)).toThrow(/^LOCKKEEPER_PAYLOAD_KEY_FILE: .*ENOENT/);
    expect(codecOf({})).toBeUndefined();
    expect(() => codecOf({ LOCKKEEPER_PAYLOAD_KEY_FILE: path })).toThrow(BadKeyFile);
  });

  test('is read again when it is replaced; a bad one changes nothing', () => {
    const replace = (written: string): void => {
      writeFileSync(`${path}.new`, written);
      renameSync(`${path}.new`, path);
    };
    const before = `a ${secret()}\n`;
    replace(before);
    const keys = new KeyFile(path);
    replace(`b ${secret()}\n${before}`);
    expect([keys.current().id, keys.of('a')?.id, keys.of('c')]).toEqual(['b', 'a', undefined]);
    replace('nonsense\n');
    expect(keys.current().id).toBe('b');
    rmSync(path);
    expect(keys.current().id).toBe('b');
    replace(`c ${secret()}\n`);
    expect([keys.current().id, keys.of('b')]).toEqual(['c', undefined]);
  });
});
