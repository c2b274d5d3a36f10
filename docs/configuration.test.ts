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

test('tells of keys that may be written at several places once, and says where', () => {
  const paths = sections.map((section) => section.paths);
  expect(paths).toContainEqual(['windows[]', 'pools[].windows[]']);
  expect(paths).toContainEqual([
    'windows[].tls',
    'pools[].windows[].tls',
    'pools[].gates.alerts[].alertmanager.tls',
    'pools[].gates.alerts[].tls',
    'notifications[].tls',
  ]);
  expect(rows.filter(({ path }) => path.endsWith('.cron'))).toEqual([
    {
      path: 'windows[].cron',
      type: 'text',
      fallback: '',
      example: '`0 22 * * 2#2`',
      meaning: expect.stringContaining('Opens when this cron fires'),
    },
  ]);
});

test('links to headings that are there', () => {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(' ', '-')
      .replaceAll(/[^a-z0-9-]/g, ''),
  );
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, link = '']) => link);
  expect(links.length).toBeGreaterThan(15);
  expect(links.filter((link) => !headings.includes(link))).toEqual([]);
});
