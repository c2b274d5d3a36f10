import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { loadClientConfigFromToml } from '@temporalio/envconfig';
import { documentedPermissions, permissionsOf } from '../deploy/permissions.ts';
import { Policy, problemsOf } from '../domain/policy.ts';
import { readManifests } from '../lab/fleet/manifests.ts';
import { Metrics } from '../worker/metrics/metrics.ts';

/** Of the documents what a person would stumble over: links, examples, and the tables of install.md that are facts of the code. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGES = globSync('{*.md,docs/**/*.md}', { cwd: ROOT });

/** The text of every fenced block of one language, without its indentation. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'gm'))].map(
    ([, indent = '', block = '']) => block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
const examples = (language: string): [path: string, block: string][] =>
  PAGES.flatMap((path) => blocks(read(path), language).map((block) => [path, block] as const)).map(
    ([path, block]) => [path, block],
  );

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(' ', '-')
      .replaceAll(/[^\w-]/g, ''),
  );

test.each(PAGES)('%s links only to what is there', (path) => {
  const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
  const broken = links.filter(([, file = '', anchor]) => {
    const target = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

const CHART = parse(read('deploy/chart/values.yaml')) as unknown;

describe('an example is taken', () => {
  test.each(examples('yaml'))('in %s (%#)', (_, text) => {
    for (const document of parseAllDocuments(text)) {
      const value = (document.toJS() ?? {}) as Record<string, unknown>;
      const policy = 'pools' in value ? value : value['policy'];
      if (policy !== undefined && !('apiVersion' in value)) {
        const { error } = Policy.safeParse(policy);
        expect(error && problemsOf(error)).toBeUndefined();
      }
      if (['temporal', 'worker', 'agent', 'metrics'].some((key) => key in value)) {
        expect(unknownValues(value, CHART)).toEqual([]);
      }
    }
  });

  test.each(examples('toml'))('in %s (%#)', (_, toml) => {
    const { profiles } = loadClientConfigFromToml(Buffer.from(toml), { strict: true });
    expect(profiles['nodes']).toMatchObject({ address: expect.stringMatching(/:7233$/) });
  });
});

describe('docs/install.md', () => {
  const install = read('docs/install.md');

  test('lists every metric of the worker and no other', async () => {
    const inForce = Policy.parse({ pools: [{ name: 'workers', nodes: 'pool=workers' }] });
    const policy = { current: () => inForce, hash: '', refusedBecause: '' };
    const text = await new Metrics({
      policy,
      nodes: () => [],
      isUnguarded: () => false,
      nowMs: () => 0,
    }).text();
    const served = [...text.matchAll(/^# HELP (lockkeeper_\w+)/gm)].map(([, name]) => name);
    const told = [...install.matchAll(/^\| `(lockkeeper_\w+)`/gm)].map(([, name = '']) => name);
    expect(new Set(told)).toEqual(new Set(served));
  });

  // test/integration/rights.test.ts holds the roles to what is really asked of an API server.
  test.each(['worker', 'agent'])('lists every permission of the %s and no other', async (who) => {
    const { objects } = await readManifests();
    expect(documentedPermissions(install, who)).toEqual(permissionsOf(objects, who));
  });
});

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Paths of keys that the defaults do not have; what is empty there may hold anything. */
function unknownValues(values: unknown, known: unknown, path = ''): string[] {
  if (!isMap(values) || path === '.policy' || (isMap(known) && Object.keys(known).length === 0)) {
    return [];
  }
  return Object.entries(values).flatMap(([key, value]) =>
    isMap(known) && key in known
      ? unknownValues(value, known[key], `${path}.${key}`)
      : [`${path}.${key}`],
  );
}
