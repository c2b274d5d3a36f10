import { cpSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

interface PackageFile {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Wanted {
  /** The directory that has node_modules. */
  readonly root: string;
  readonly packages: readonly string[];
  /** Left out with whatever only they need. */
  readonly without: readonly string[];
}

/**
 * The directories of the packages and of all they depend on, each once, relative to the root. Throws for one that is not
 * installed, unless it is optional.
 */
export function packagesWith({ root, packages, without }: Wanted): string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string, optional: boolean): void => {
    if (without.includes(name)) return;
    const directory = directoryOf(root, from, name);
    if (directory === undefined) {
      if (optional) return;
      throw new Error(
        `${name}, which ${relative(root, from) || 'the image'} needs, is not installed`,
      );
    }
    if (found.has(directory)) return;
    found.add(directory);
    const { dependencies = {}, optionalDependencies = {} } = packageFile(directory);
    const optionals = Object.keys(optionalDependencies);
    for (const name of Object.keys(dependencies)) visit(directory, name, optionals.includes(name));
    for (const name of optionals) visit(directory, name, true);
  };
  for (const name of packages) visit(root, name, false);
  return [...found].map((directory) => relative(root, directory)).toSorted();
}

/** Where Node would find it: in the node_modules of the directory, or of one above it, up to the root. */
function directoryOf(root: string, from: string, name: string): string | undefined {
  for (let at = from; at.startsWith(root); at = dirname(at)) {
    const directory = join(at, 'node_modules', name);
    if (existsSync(join(directory, 'package.json'))) return directory;
  }
  return undefined;
}

function packageFile(directory: string): PackageFile {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as PackageFile;
}

/** Types and source maps: nothing that runs reads them. */
const NOT_RUN = /\.(d\.[cm]?ts|map)$/;

/** Copies the packages into `to`, each to the place it had below `root`. `keeps` says of a path below the root whether it is wanted. */
export function copyPackages(wanted: Wanted, to: string, keeps: (path: string) => boolean): void {
  const { root } = wanted;
  for (const directory of packagesWith(wanted)) {
    const from = join(root, directory);
    cpSync(from, join(to, directory), {
      recursive: true,
      filter: (path) => isOwn(from, path) && !NOT_RUN.test(path) && keeps(relative(root, path)),
    });
  }
}

/** What is nested in a package is a package of its own, copied where somebody needs it. */
function isOwn(packageDirectory: string, path: string): boolean {
  return !relative(packageDirectory, path).split('/').includes('node_modules');
}
