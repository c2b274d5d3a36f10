import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CHANGELOG = fileURLToPath(new URL('../../CHANGELOG.md', import.meta.url));

/** What the changelog says of a version, without its heading; throws when it says nothing. */
export function sectionOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.filter((section) => headingOf(section) === version);
  const [section, another] = found;
  if (section === undefined) throw new Error(`CHANGELOG.md has no section ## ${version}`);
  if (another !== undefined) throw new Error(`CHANGELOG.md has two sections ## ${version}`);
  const text = section.slice(section.indexOf('\n')).trim();
  if (text === '') throw new Error(`CHANGELOG.md says nothing of ${version}`);
  return `${text}\n`;
}

/** `0.2.0` of `0.2.0 - 2027-01-16`, and of `[0.2.0] - 2027-01-16`. */
function headingOf(section: string): string | undefined {
  return /^\[?([^\s\]]+)/.exec(section)?.[1];
}

export const readChangelog = (): string => readFileSync(CHANGELOG, 'utf8');
