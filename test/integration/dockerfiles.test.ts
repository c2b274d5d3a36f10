import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureTool } from '../../lab/tools/ensure.ts';

const run = promisify(execFile);
const { signal } = new AbortController();
const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));

const log = (line: string): void => console.error(line);

let hadolint: string;
let dir: string;

beforeAll(async () => {
  hadolint = await ensureTool('hadolint', { log, signal });
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-dockerfiles-'));
}, 300_000);

afterAll(async () => {
  await rm(dir, { recursive: true });
});

/** The rules a Dockerfile breaks, whatever their severity. */
async function broken(text: string): Promise<string[]> {
  const path = join(dir, 'Dockerfile');
  await writeFile(path, text);
  // No configuration file of a person's own: their exceptions are not ours.
  const config = join(dir, 'none.yaml');
  await writeFile(config, '{}\n');
  const args = ['--no-fail', '--format=json', `--config=${config}`, path];
  const { stdout } = await run(hadolint, args);
  return (JSON.parse(stdout) as { code: string; line: number }[]).map(
    ({ code, line }) => `${code} in line ${line}`,
  );
}

test.each(['worker', 'agent'])('Dockerfile.%s breaks no rule of the linter', async (name) => {
  const text = await readFile(`${DEPLOY}Dockerfile.${name}`, 'utf8');
  expect(await broken(text)).toEqual([]);
});

test('each rule that is passed over in a Dockerfile would be broken there', async () => {
  for (const name of ['worker', 'agent']) {
    const text = await readFile(`${DEPLOY}Dockerfile.${name}`, 'utf8');
    const ignored = [...text.matchAll(/^# hadolint ignore=(\S+)$/gm)].flatMap(([, codes = '']) =>
      codes.split(','),
    );
    const found = await broken(text.replaceAll(/^# hadolint ignore=.*$/gm, '#'));
    expect(found.map((problem) => problem.split(' ')[0])).toEqual(ignored);
  }
});
