import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runCli } from '../cli/run.ts';

test('docs/windows.md shows what the command prints for its example', async () => {
  const text = readFileSync(new URL('windows.md', import.meta.url), 'utf8');
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];
  const directory = mkdtempSync(join(tmpdir(), 'lockkeeper-docs-'));
  const path = join(directory, 'policy.yaml');
  writeFileSync(path, example);
  writeFileSync(join(directory, 'maintenance-2027.ics'), 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n');
  let out = '';
  await runCli(['windows', '--policy', path, '--pool', 'workers', '--count', '5'], {
    out: (said) => (out += said),
    err: (said) => (out += said),
    nowMs: () => Date.parse('2026-12-04T12:00:00Z'),
  });
  rmSync(directory, { recursive: true });
  expect(text).toContain(out);
});
