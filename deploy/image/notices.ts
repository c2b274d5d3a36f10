import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files by which a package says under what it may be passed on, and what has to go with it. */
const TEXTS = /^(licen[cs]e|notice|copying)([.-].*)?$/i;

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly repository?: string | { readonly url?: string };
}

/** The directories of the packages that these files are part of: of node_modules the innermost. */
export function packagesOf(files: readonly string[]): string[] {
  const found = files.flatMap(
    (file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  );
  return [...new Set(found)].toSorted();
}

/** What the licences of these packages ask to be passed on with them: each once, with its texts, and where its source is. */
export function noticesOf(root: string, directories: readonly string[]): string {
  const notices = directories.map((directory) => noticeOf(join(root, directory)));
  const line = '='.repeat(80);
  return [HEAD, ...[...new Set(notices)].toSorted()].join(`\n${line}\n\n`);
}

const HEAD = `This contains the software below besides Lockkeeper itself, none of it changed.
`;

function noticeOf(directory: string): string {
  const file = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as PackageFile;
  const { name, version, license = 'see its source', repository } = file;
  const source = typeof repository === 'string' ? repository : repository?.url;
  const texts = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile() && TEXTS.test(entry.name))
    .map((entry) => readFileSync(join(directory, entry.name), 'utf8').trim());
  const about = `${name} ${version}\nLicence: ${license}\nSource: ${source ?? `https://www.npmjs.com/package/${name}`}\n`;
  return [about, ...texts.map((text) => `${text}\n`)].join('\n');
}
