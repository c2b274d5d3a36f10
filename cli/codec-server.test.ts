import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runAt } from './run.fixture.ts';

let directory: string;
let keys: string;
/** Has the address that is wanted, so that the command comes to its end. */
let taken: Server;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lockkeeper-keys-'));
  keys = join(directory, 'keys');
  writeFileSync(keys, `2027-01 ${Buffer.alloc(32).toString('base64')}\n`);
  process.env['LOCKKEEPER_PAYLOAD_KEY_FILE'] = keys;
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
});
afterEach(() => {
  delete process.env['LOCKKEEPER_PAYLOAD_KEY_FILE'];
  taken.close();
  rmSync(directory, { recursive: true });
});

test.each([
  [0o600, false],
  [0o400, false],
  [0o640, true],
  [0o604, true],
  [0o602, true],
])('codec-server warns of a file of keys with the mode %i: %s', async (mode, warns) => {
  chmodSync(keys, mode);
  const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const { exit, err } = await runAt('2027-01-01T00:00:00Z', ['codec-server', '--address', address]);
  const [last, ...warnings] = err.trimEnd().split('\n').toReversed();
  expect([exit, last]).toEqual([1, expect.stringContaining(`address already in use ${address}`)]);
  const warning = `${keys}: others than its owner may use the keys; chmod 600 ${keys}`;
  expect(warnings).toEqual(warns ? [warning] : []);
});
