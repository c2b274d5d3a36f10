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
    // For a word it does not know it shows the help of what is above; a command that takes arguments takes any word.
    const [, name = '', takes = ''] = /^Usage: lockkeeper ([a-z -]+?) ([[<].*)$/m.exec(out) ?? [];
    const isAny = /[[<](?!options|command)/.test(takes);
    expect(isAny ? command.slice(0, name.split(' ').length) : command).toEqual(name.split(' '));
    for (const [option] of line.matchAll(/(?<=\s)--[a-z-]+/g)) expect(out).toContain(`  ${option}`);
  },
);
