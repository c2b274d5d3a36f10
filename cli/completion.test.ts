import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { runNow } from './run.fixture.ts';

const run = promisify(execFile);

/** What bash offers after these words. */
async function offered(...words: string[]): Promise<string[]> {
  const { out } = await runNow('completion', 'bash');
  const script = `${out}
COMP_WORDS=(lockkeeper "$@")
COMP_CWORD=$#
_lockkeeper
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run('bash', ['-c', script, 'bash', ...words]);
  return stdout.trim().split('\n');
}

describe('bash completes', () => {
  test('commands', async () => {
    expect(await offered('wi')).toEqual(['window', 'windows']);
    expect(await offered('')).toEqual(
      expect.arrayContaining(['status', 'why', 'pause', 'policy', '--help']),
    );
  });

  test('the commands of a group', async () => {
    expect(await offered('policy', 'c')).toEqual(['check']);
  });

  test('options, also after an argument', async () => {
    expect(await offered('pause', 'worker-7', '--f')).toEqual(['--for']);
    expect(await offered('policy', 'check', '--s')).toEqual(['--strict']);
  });
});

test.each(['zsh', 'fish'])('there is a script for %s that names every command', async (shell) => {
  const { exit, out } = await runNow('completion', shell);
  expect(exit).toBe(0);
  for (const word of ['status', 'release-hold', 'from-kured', 'show-commands'])
    expect(out).toContain(word);
});

test('a shell that is not known is refused', async () => {
  expect(await runNow('completion', 'tcsh')).toMatchObject({
    exit: 2,
    err: expect.stringContaining('Allowed choices are bash, zsh, fish'),
  });
});
