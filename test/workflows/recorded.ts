import { createHash } from 'node:crypto';
import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Recorded histories: a directory per released version, and `next` for what the code of today has recorded. */
export const HISTORIES = fileURLToPath(new URL('../histories/', import.meta.url));
export const NEXT = 'next';
const SUMS = 'SHA256SUMS';

/** Every history, as a path below `directory`. */
export function recordedIn(directory: string): string[] {
  return globSync('**/*.json', { cwd: directory }).toSorted();
}

export function versionsIn(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** What is not as it was when that version was released: names that were changed, added or taken away. */
export function changedIn(directory: string): string[] {
  const then = readFileSync(join(directory, SUMS), 'utf8').trim().split('\n');
  const now = sumsOf(directory);
  const changed = [
    ...then.filter((line) => !now.includes(line)),
    ...now.filter((line) => !then.includes(line)),
  ];
  return [...new Set(changed.map((line) => line.replace(/^\w+ {2}/, '')))].toSorted();
}

/** Says for good what is in it, in the form of `sha256sum`. */
export function seal(directory: string): void {
  writeFileSync(join(directory, SUMS), `${sumsOf(directory).join('\n')}\n`);
}

function sumsOf(directory: string): string[] {
  return recordedIn(directory).map((name) => {
    const sum = createHash('sha256').update(readFileSync(join(directory, name)));
    return `${sum.digest('hex')}  ${name}`;
  });
}
