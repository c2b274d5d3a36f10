import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { messageOf } from '../domain/message-of.ts';

const HELP = `What a release needs besides the builds; each prints to standard output.

Usage: npm run -s release -- COMMAND

  version TAG                           the version of a tag, if package and chart have it as well
  notes VERSION                         what CHANGELOG.md says of it
  base-images worker|agent              build arguments that pin the images of that Dockerfile by digest (asks docker)
  manifests REGISTRY WORKER AGENT       deploy/lockkeeper.yaml with these digests (sha256:…), and those of Temporal's images
                                        (asks docker)
  values REGISTRY WORKER AGENT          deploy/chart/values.yaml with the same, for the chart that is published

Exit codes: 0 done, 1 refused with the reason, 2 called wrongly.
`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');

const COMMANDS: Readonly<Record<string, (...args: string[]) => string>> = {
  version: (tag = '') => `${versionOf(tag)}\n`,
  notes: (version = '') => notesOf(read('../CHANGELOG.md'), version),
  'base-images': (component = '') =>
    pinnedArguments(read(`Dockerfile.${component}`), digestOf).join('\n') + '\n',
  manifests: (registry = '', worker = '', agent = '') =>
    pinImages(read('lockkeeper.yaml'), registry, { worker, agent }, digestOf),
  values: (registry = '', worker = '', agent = '') =>
    pinValues(read('chart/values.yaml'), registry, { worker, agent }, digestOf),
};

/** The version that a tag releases; throws unless package and chart have it as well. */
export function versionOf(tag: string): string {
  const version = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag)?.[1];
  if (version === undefined) throw new Error(`${tag} is no tag of a release, such as v0.2.0`);
  const npm = parse(read('../package.json')) as { version: string };
  const chart = parse(read('chart/Chart.yaml')) as { version: string; appVersion: string };
  for (const [where, is] of Object.entries({
    'package.json': npm.version,
    'Chart.yaml (version)': chart.version,
    'Chart.yaml (appVersion)': chart.appVersion,
  })) {
    if (is !== version) throw new Error(`${where} says ${is}, the tag ${version}`);
  }
  return version;
}

/** What the changelog says of a version, without its heading (`0.2.0 - 2027-01-16`); throws when it says nothing. */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const [section = '', another] = sections.filter((one) => one.split(/\s/)[0] === version);
  if (another !== undefined) throw new Error(`CHANGELOG.md has two sections ## ${version}`);
  const text = section.slice(section.indexOf('\n')).trim();
  if (text === '') throw new Error(`CHANGELOG.md says nothing of ${version}`);
  return `${text}\n`;
}

/** The build arguments that pin the images a Dockerfile takes as arguments; `digestOfImage` asks a registry. */
export function pinnedArguments(
  dockerfile: string,
  digestOfImage: (image: string) => string,
): string[] {
  return [...dockerfile.matchAll(/^ARG ([A-Z_]+_IMAGE)=(\S+)$/gm)].map(
    ([, name = '', image = '']) => `${name}=${pinned(image, digestOfImage)}`,
  );
}

function pinned(image: string, digestOfImage: (image: string) => string): string {
  const digest = digestOfImage(image);
  if (!DIGEST.test(digest)) throw new Error(`${image} has no digest, but ${digest}`);
  return `${image}@${digest}`;
}

/** The digest of all platforms of an image together. */
function digestOf(image: string): string {
  const format = '{{.Manifest.Digest}}';
  const args = ['buildx', 'imagetools', 'inspect', '--format', format, image];
  return execFileSync('docker', args, { encoding: 'utf8' }).trim();
}

/** Images of Temporal, as manifests and values name them. */
const TEMPORALS = /\bdocker\.io\/temporalio\/[a-z-]+:[0-9.]+(?=["\s]|$)/g;

/** Manifests whose images are named by tag and digest; throws unless each is named, and nothing else is. */
export function pinImages(
  manifests: string,
  registry: string,
  digests: Readonly<Record<string, string>>,
  digestOfImage: (image: string) => string,
): string {
  const left = new Set(Object.keys(digests));
  const ours = manifests.replaceAll(/^( +image: )"(\S+)"$/gm, (all, key: string, image: string) => {
    if (image.match(TEMPORALS)) return all;
    const [, component = '', tag] = /\/([^/:@]+):([^:@]+)$/.exec(image) ?? [];
    const digest = digests[component];
    if (digest === undefined) throw new Error(`${image} is no image of ours`);
    if (!DIGEST.test(digest)) throw new Error(`${digest} is no digest for the ${component}`);
    left.delete(component);
    return `${key}${registry}/${component}:${tag}@${digest}`;
  });
  if (left.size > 0) throw new Error(`no image of ${[...left].join(', ')} in the manifests`);
  return ours.replaceAll(TEMPORALS, (image) => pinned(image, digestOfImage));
}

/** The values of the chart with images that exist, by digest; throws unless there is a place for each. */
export function pinValues(
  values: string,
  registry: string,
  { worker = '', agent = '' }: Readonly<Record<string, string>>,
  digestOfImage: (image: string) => string,
): string {
  for (const digest of [worker, agent]) {
    if (!DIGEST.test(digest)) throw new Error(`${digest} is no digest`);
  }
  const places = { "registry: ''": `registry: ${registry}` };
  const digests = {
    "digests: { worker: '', agent: '' }": `digests: { worker: '${worker}', agent: '${agent}' }`,
  };
  const ours = Object.entries({ ...places, ...digests }).reduce((text, [empty, filled]) => {
    if (text.split(empty).length !== 2) throw new Error(`values.yaml has not one ${empty}`);
    return text.replace(empty, () => filled);
  }, values);
  return ours.replaceAll(TEMPORALS, (image) => pinned(image, digestOfImage));
}

function main([name = '', ...args]: readonly string[]): number {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined || args.length === 0) {
    (name === '--help' ? process.stdout : process.stderr).write(HELP);
    return name === '--help' ? 0 : 2;
  }
  try {
    process.stdout.write(command(...args));
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = main(process.argv.slice(2));
