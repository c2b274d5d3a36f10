import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { runNow } from '../cli/run.fixture.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Every command line of ours that a person may copy from a document or a help text, once, with where it is written. */
const written = new Map(
  globSync('{*.md,docs/**/*.md,cli/**/*.ts}', { cwd: ROOT })
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) =>
      [
        ...readFileSync(join(ROOT, path), 'utf8').matchAll(
          /(?:`|run -s )lockkeeper (?:-- )?([a-z][^`\n|>#&]*)/g,
        ),
      ].map(([, words = '']) => [words.trim(), path] as const),
    ),
);

test('there are some', () => {
  expect(written.size).toBeGreaterThan(8);
});

test.each([...written])(
  'lockkeeper %s, in %s, is a command and has these options',
  async (line) => {
    const words = line.split(/\s+/);
    const end = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
    const command = end < 0 ? words : words.slice(0, end);
    const { exit, out } = await runNow(...command, '--help');
    expect(exit).toBe(0);
    const [usage = ''] = out.split('\n');
    const [, named = ''] = /^Usage: lockkeeper ((?:[a-z-]+ )+)/.exec(usage) ?? [];
    expect(`${command.join(' ')} `.startsWith(named) ? named : '').not.toBe('');
    // For a word it does not know a group shows its own help; of others the rest are arguments.
    const isGroup = usage.endsWith('[command]');
    expect(isGroup ? named.trim() : command.join(' ')).toBe(command.join(' '));
    for (const [option] of line.matchAll(/(?<=\s)--[a-z-]+/g)) expect(out).toContain(`  ${option}`);
  },
);
