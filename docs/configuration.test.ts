import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { policySchema } from '../domain/policy-schema.ts';
import { keySections } from './configuration-keys.ts';
import { configurationPage, everyKey } from './configuration-page.ts';

const page = readFileSync(new URL('configuration.md', import.meta.url), 'utf8');
const sections = keySections(policySchema(), everyKey());
const rows = sections.flatMap((section) => section.rows);

test('docs/configuration.md is up to date: if not, run npm run -s docs:configuration', () => {
  expect(page).toBe(configurationPage());
});

test('tells of every key there is, with its type, its meaning and an example', () => {
  expect(rows.length).toBeGreaterThan(90);
  const without = (what: 'type' | 'meaning' | 'example'): string[] =>
    rows.filter((row) => row[what] === '' && !row.type.includes('](#')).map(({ path }) => path);
  expect([without('type'), without('meaning'), without('example')]).toEqual([[], [], []]);
});
