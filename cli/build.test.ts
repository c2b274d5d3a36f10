import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildCli } from './build.ts';

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'lockkeeper-cli-'));
const prefix = join(dir, 'installed');

beforeAll(async () => {
  await buildCli(join(dir, 'package'));
  const { stdout } = await run('npm', ['pack', '--json', join(dir, 'package')], { cwd: dir });
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  // As somebody installs it who has no checkout, and no registry for what it needs: nothing.
  const install = ['install', '--global', '--offline', '--prefix', prefix, packed?.filename ?? ''];
  await run('npm', install, { cwd: dir });
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each(['lockkeeper', 'kubectl-lockkeeper', 'temporal-lockkeeper'])(
  '%s of the npm package needs no checkout',
  async (name) => {
    const { stdout } = await run(
      process.execPath,
      [join(prefix, 'bin', name), 'policy', 'schema'],
      { cwd: '/' },
    );
    expect(JSON.parse(stdout)).toMatchObject({ properties: { pools: {} } });
  },
);

test('the file alone reaches for Temporal, and says what is in its way', async () => {
  const file = join(prefix, 'lib/node_modules/lockkeeper/lockkeeper.mjs');
  const env = { ...process.env, TEMPORAL_ADDRESS: '127.0.0.1:1' };
  await expect(run(process.execPath, [file, 'status'], { cwd: '/', env })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      'Temporal at 127.0.0.1:1 cannot be reached: nothing listens there',
    ),
  });
});
