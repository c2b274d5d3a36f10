import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { noticesOf, packagesOf } from '../deploy/image/notices.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const FILE = 'lockkeeper.mjs';

/** The oldest Node that has all that is used. */
const NODE = '22.12.0';

/**
 * Puts the command line together in a directory: one file that needs nothing but Node, and an npm package of it. Under the names
 * kubectl-lockkeeper and temporal-lockkeeper on the PATH it is `kubectl lockkeeper` and `temporal lockkeeper`.
 */
export async function buildCli(to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['cli/main.ts'],
    outfile: join(to, FILE),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: `node${NODE}`,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    banner: {
      js: `#!/usr/bin/env node
/* Lockkeeper. Copyright The Lockkeeper Authors. Apache-2.0; what else is in it: THIRD-PARTY-NOTICES */
import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);`,
    },
    logLevel: 'warning',
    metafile: true,
  });
  chmodSync(join(to, FILE), 0o755);
  const notices = noticesOf(ROOT, packagesOf(Object.keys(metafile.inputs)));
  writeFileSync(join(to, 'THIRD-PARTY-NOTICES'), notices);
  copyFileSync(join(ROOT, 'LICENSE'), join(to, 'LICENSE'));
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(packageFile(), undefined, 2)}\n`);
}

function packageFile(): object {
  const { version, description, license } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  ) as Record<string, string>;
  const names = ['lockkeeper', 'kubectl-lockkeeper', 'temporal-lockkeeper'];
  return {
    name: 'lockkeeper',
    version,
    description,
    license,
    type: 'module',
    bin: Object.fromEntries(names.map((name) => [name, FILE])),
    engines: { node: `>=${NODE}` },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildCli(process.argv[2] ?? join(ROOT, 'dist', 'cli'));
}
