import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildEncryptedWorkflows, buildWorkflows } from '../../worker/build.ts';
import { noticesOf, packagesOf } from './notices.ts';
import { copyPackages, packagesWith } from './packages.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

const HELP = `Puts together what the worker's image holds besides Node.

Usage: node deploy/image/worker.ts DIRECTORY [amd64|arm64]

DIRECTORY is made anew; the second word is the machine the image is for, default: this one.
`;

/** The SDK cannot be bundled: it finds its native library and its sandbox by their places. */
const AS_PACKAGES = [
  '@temporalio/worker',
  '@temporalio/client',
  '@temporalio/activity',
  '@temporalio/common',
  '@temporalio/envconfig',
  '@temporalio/proto',
];

/** They compile workflow code, and the image holds it compiled. */
const WITHOUT = ['@swc/core', 'swc-loader', 'source-map-loader'];
/** As well, but the SDK loads them when it starts: in their places is nothing. */
const EMPTY = ['webpack', 'memfs', 'unionfs'];

/** The names under which the SDK's native library lies in the package. */
const NATIVE = {
  amd64: 'x86_64-unknown-linux-gnu',
  arm64: 'aarch64-unknown-linux-gnu',
} as const;
type Machine = keyof typeof NATIVE;

const CORE = 'node_modules/@temporalio/core-bridge';
const SOURCES = ['sdk-core', 'bridge-macros', 'src', 'ts', 'scripts', 'Cargo.lock', 'Cargo.toml'];

/** Of the native library only the one for the machine, and none of its sources; of everything else all. */
function isWanted(path: string, machine: Machine): boolean {
  if (!path.startsWith(`${CORE}/`)) return true;
  const [top = '', target] = path.slice(CORE.length + 1).split('/');
  if (SOURCES.includes(top)) return false;
  return top !== 'releases' || target === undefined || target === NATIVE[machine];
}

/** Answers with the files that it has put together. */
async function bundle(to: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    // Laid out as the sources are, because they find each other by their places.
    entryPoints: [
      'worker/main.ts',
      'worker/encryption/failure-converter.ts',
      'worker/embedded/main.ts',
      'cli/main.ts',
    ],
    outbase: ROOT,
    outdir: to,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: ['@temporalio/*'],
    chunkNames: 'chunks/[hash]',
    legalComments: 'linked',
    // Bundled CommonJS packages ask for Node's own modules with require.
    banner: {
      js: `import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);`,
    },
    logLevel: 'warning',
    metafile: true,
  });
  return Object.keys(metafile.inputs);
}

async function main([to, asked]: readonly string[]): Promise<number> {
  // A builder that knows no other machine than its own says nothing.
  const machine = asked || (process.arch === 'arm64' ? 'arm64' : 'amd64');
  if (to === undefined || to.startsWith('-') || !isMachine(machine)) {
    process.stderr.write(HELP);
    return 2;
  }
  rmSync(to, { recursive: true, force: true });
  mkdirSync(join(to, 'bin'), { recursive: true });
  const launcher = "#!/usr/local/bin/node\nimport '/app/cli/main.js';\n";
  writeFileSync(join(to, 'bin', 'lockkeeper'), launcher, { mode: 0o755 });
  writeFileSync(join(to, 'package.json'), '{ "name": "lockkeeper", "type": "module" }\n');
  const bundled = await bundle(to);
  const bundlePath = join(to, 'dist', 'workflows.js');
  await buildWorkflows(bundlePath);
  await buildEncryptedWorkflows(bundlePath);
  const wanted = { root: ROOT, packages: AS_PACKAGES, without: [...WITHOUT, ...EMPTY] };
  copyPackages(wanted, to, (path) => isWanted(path, machine));
  for (const name of EMPTY) {
    mkdirSync(join(to, 'node_modules', name));
    writeFileSync(join(to, 'node_modules', name, 'index.js'), '');
  }
  const there = new Set([...packagesOf(bundled), ...packagesWith(wanted)]);
  writeFileSync(join(to, 'THIRD-PARTY-NOTICES'), noticesOf(ROOT, [...there]));
  copyFileSync(join(ROOT, 'LICENSE'), join(to, 'LICENSE'));
  return 0;
}

function isMachine(word: string): word is Machine {
  return Object.hasOwn(NATIVE, word);
}

process.exitCode = await main(process.argv.slice(2));
