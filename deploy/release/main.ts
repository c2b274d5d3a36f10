import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MANIFESTS } from '../helm.ts';
import { pinnedArguments } from './base-images.ts';
import { readChangelog, sectionOf } from './changelog.ts';
import { writeChecksums } from './checksums.ts';
import { pinImages } from './pin.ts';
import { versionOf } from './version.ts';

const HELP = `What a release needs besides the builds; each prints to standard output.

Usage: npm run -s release -- COMMAND

  version TAG                           the version of a tag, if package and chart have it as well
  notes VERSION                         what CHANGELOG.md says of it
  base-images worker|agent              build arguments that pin the images of that Dockerfile by digest (asks docker)
  manifests REGISTRY WORKER AGENT       deploy/lockkeeper.yaml with these digests (sha256:…)
  checksums DIRECTORY                   writes SHA256SUMS there

Exit codes: 0 done, 1 refused with the reason, 2 called wrongly.
`;

const run = promisify(execFile);

/** The digest of all platforms of an image together. */
async function digestOf(image: string): Promise<string> {
  const format = '{{.Manifest.Digest}}';
  const args = ['buildx', 'imagetools', 'inspect', '--format', format, image];
  return (await run('docker', args)).stdout.trim();
}

async function baseImages(component: string): Promise<string> {
  const path = fileURLToPath(new URL(`../Dockerfile.${component}`, import.meta.url));
  return `${(await pinnedArguments(readFileSync(path, 'utf8'), digestOf)).join('\n')}\n`;
}

interface Command {
  readonly takes: number;
  readonly run: (args: readonly string[]) => string | Promise<string>;
}

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['version', { takes: 1, run: ([tag = '']) => `${versionOf(tag)}\n` }],
  ['notes', { takes: 1, run: ([version = '']) => sectionOf(readChangelog(), version) }],
  ['base-images', { takes: 1, run: ([component = '']) => baseImages(component) }],
  [
    'manifests',
    {
      takes: 3,
      run: ([registry = '', worker = '', agent = '']) =>
        pinImages(readFileSync(MANIFESTS, 'utf8'), registry, { worker, agent }),
    },
  ],
  ['checksums', { takes: 1, run: ([directory = '']) => writeChecksums(directory) }],
]);

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  if (name === '--help') {
    process.stdout.write(HELP);
    return 0;
  }
  const command = COMMANDS.get(name);
  if (command === undefined || args.length !== command.takes) {
    process.stderr.write(HELP);
    return 2;
  }
  try {
    process.stdout.write(await command.run(args));
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
