import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** As sha256sum -c reads it. */
const CHECKSUMS = 'SHA256SUMS';

/** Writes the SHA-256 of every file of a directory beside them; throws when there is none. */
export function writeChecksums(directory: string): string {
  const names = readdirSync(directory)
    .filter((name) => name !== CHECKSUMS && statSync(join(directory, name)).isFile())
    .toSorted();
  if (names.length === 0) throw new Error(`there is nothing in ${directory}`);
  const lines = names.map((name) => {
    const sum = createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex');
    return `${sum}  ${name}\n`;
  });
  writeFileSync(join(directory, CHECKSUMS), lines.join(''));
  return lines.join('');
}
