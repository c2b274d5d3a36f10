import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runAt } from '../cli/run.fixture.ts';

test('docs/windows.md shows what the command prints for its example', async () => {
  const text = readFileSync(new URL('windows.md', import.meta.url), 'utf8');
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];
  const directory = mkdtempSync(join(tmpdir(), 'lockkeeper-docs-'));
  const path = join(directory, 'policy.yaml');
  writeFileSync(path, example);
  writeFileSync(join(directory, 'maintenance-2027.ics'), 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n');
  const argv = ['windows', '--policy', path, '--pool', 'workers', '--count', '5'];
  const { exit, out } = await runAt('2026-12-04T12:00:00Z', argv);
  rmSync(directory, { recursive: true });
  expect(exit).toBe(0);
  expect(text).toContain(out);
});
