import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { missingPrograms } from '../../lab/tools/find.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

const missing = await missingPrograms(['buildah', 'podman', 'mmdebstrap']);
const isRoot = process.getuid?.() === 0;
const why = missing.length > 0 ? `there is no ${missing.join(', ')}` : 'it needs root';
const possible = missing.length === 0 && isRoot;

const run = possible ? test : test.skip;
run(
  `both images, built and run as the manifests say, reboot a node${possible ? '' : ` (NOT TRIED: ${why})`}`,
  async () => {
    const child = spawn(process.execPath, [MAIN], { stdio: 'inherit' });
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(0);
  },
  30 * 60_000,
);
