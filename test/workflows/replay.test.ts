import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const HISTORIES = fileURLToPath(new URL('../histories/', import.meta.url));
const MAIN = fileURLToPath(new URL('replay-main.ts', import.meta.url));

test('G7: every recorded history replays with the workflow code of today', () => {
  const recorded = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));
  expect(recorded).toContain('rebooted.json');
  expect(recorded).toContain('pool-lock.json');
  const bundle = process.env['LOCKKEEPER_TEST_BUNDLE'] ?? '';
  const paths = recorded.map((name) => join(HISTORIES, name));
  const answer = execFileSync(process.execPath, [MAIN, bundle, ...paths], { encoding: 'utf8' });
  expect(JSON.parse(answer)).toEqual(Object.fromEntries(recorded.map((name) => [name, null])));
});
