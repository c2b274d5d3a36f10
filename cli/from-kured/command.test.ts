import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { keptTerminal } from '../run.fixture.ts';
import { CommandFailed } from '../terminal.ts';
import { fromKuredCommand } from './command.ts';
import { daemonSet } from './kured.fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'from-kured-'));
afterAll(() => rmSync(directory, { recursive: true }));

async function run(argv: readonly string[], input = '') {
  const terminal = keptTerminal(() => 0);
  const command = fromKuredCommand(terminal, async () => input).exitOverride();
  const failed = await command.parseAsync(argv, { from: 'user' }).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { ...terminal.said, failed };
}

test('prints the policy, and warns of an unknown option', async () => {
  const { out, err, failed } = await run([], daemonSet(['--frobnicate', '--start-time=9']));
  expect(failed).toBeUndefined();
  expect(out).toContain('{ days: [ mon, tue, wed, thu, fri, sat, sun ], start: "09:00"');
  expect(out).toContain('--frobnicate: kured 1.23 has no such option');
  expect(err).toMatch(/^warning: DaemonSet kube-system\/kured: --frobnicate: /);
});

test('says nothing on stdout, and what was expected, of something else', async () => {
  const { out, failed } = await run([], 'kind: Pod');
  expect(out).toBe('');
  expect(failed).toBeInstanceOf(CommandFailed);
  expect(failed).toMatchObject({
    exitCode: 1,
    lines: [expect.stringMatching(/^expected kured's DaemonSet, .*; there was only: Pod; /)],
  });
});

test('says of broken YAML where, in one line, and repeats nothing of it, which may be a secret', async () => {
  const { failed } = await run([], 'kind: DaemonSet\nspec: ["--notify-url=slack://T0PS3CRET"\n');
  expect(failed).toMatchObject({
    exitCode: 1,
    lines: [expect.stringMatching(/^not YAML: .*line/)],
  });
  expect((failed as CommandFailed).message).not.toMatch(/T0PS3CRET|\n/);
});

test('reads a file in place of stdin', async () => {
  const file = join(directory, 'values.yaml');
  writeFileSync(file, 'configuration: { concurrency: 4 }');
  expect((await run([file])).out).toContain('maxUnavailable: 4');
  expect((await run([`${file}.missing`])).failed).toMatchObject({
    exitCode: 1,
    lines: [expect.stringMatching(/missing: there is no such file$/)],
  });
});
