import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { loadClientConfigFromToml } from '@temporalio/envconfig';
import { readCompose } from '../deploy/compose.fixture.ts';
import { documentedPermissions, permissionsOf } from '../deploy/permissions.ts';
import { EVENT_REASONS } from '../domain/event-reasons.ts';
import { FAILURES } from '../domain/failures.ts';
import { GATES } from '../domain/gates/names.ts';
import { SEARCH_ATTRIBUTES } from '../domain/names.ts';
import { Policy } from '../domain/policy.ts';
import { OUTCOMES } from '../domain/status.ts';
import { readManifests } from '../lab/fleet/manifests.ts';
import { describeConfig } from '../worker/config.ts';
import { Metrics } from '../worker/metrics/metrics.ts';
import { usage } from '../agent/config.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const readme = read('README.md');
const operations = read('docs/operations.md');
const architecture = read('docs/architecture.md');
const { objects } = await readManifests();

/** The text of every fenced block of one language. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );

const VARIABLE = /\b(TEMPORAL|LOCKKEEPER)(_[A-Z]+)+\b/g;

const SOURCES = globSync('{workflows,activities,domain,agent,worker}/**/*.ts', { cwd: ROOT })
  .filter((path) => !path.endsWith('.test.ts'))
  .map(read)
  .join('\n');

describe('docs/architecture.md', () => {
  const [calls = '', rollout = ''] = blocks(architecture, 'mermaid');
  const onArrows = [...calls.matchAll(/\|([^|]+)\|/g)].flatMap(([, names = '']) =>
    names.split(', '),
  );
  const inBoxes = [...rollout.matchAll(/\[(\w+)\]/g)].map(([, name = '']) => name);

  test('has arrows to check', () => {
    expect(onArrows.length).toBeGreaterThan(20);
    expect(inBoxes.length).toBeGreaterThan(8);
  });

  test.each([...new Set([...onArrows, ...inBoxes])])('names %s, which is in the code', (name) => {
    expect(SOURCES).toMatch(new RegExp(`(function|async|const|'|\\.) ?${name}\\b`));
  });
});

describe('README.md', () => {
  test('shows a policy that would be accepted', () => {
    const [example = ''] = blocks(readme, 'yaml');
    expect(Policy.safeParse(parse(example)).error).toBeUndefined();
  });

  test('names no variable that worker and agent do not know', () => {
    const known = `${describeConfig()}\n${usage()}`.match(/LOCKKEEPER_[A-Z_]+/g);
    const named = readme.match(/LOCKKEEPER_[A-Z_]+/g) ?? [];
    expect(named.filter((name) => !known?.includes(name))).toEqual([]);
  });

  test.each(['agent', 'worker'])('lists every permission of the %s and no other', (who) => {
    expect(Object.keys(documentedPermissions(readme, who))).toEqual(permissionsOf(objects, who));
  });

  test.each(['agent', 'worker', 'uninstall'])('has a reason for each permission of %s', (who) => {
    const reasons = Object.values(documentedPermissions(readme, who));
    expect(reasons.length).toBeGreaterThan(3);
    for (const reason of reasons) expect(reason).toMatch(/\w{3,} \w+/);
    expect(new Set(reasons).size).toBe(reasons.length);
  });
});

describe('docs/install.md', () => {
  const install = read('docs/install.md');

  test('lists every metric of the worker and no other', async () => {
    const inForce = Policy.parse({ pools: [{ name: 'workers', nodes: 'pool=workers' }] });
    const policy = { current: () => inForce, hash: '', refusedBecause: '' };
    const text = await new Metrics({ policy, nodes: () => [], nowMs: () => 0 }).text();
    const served = [...text.matchAll(/^# HELP (lockkeeper_\w+)/gm)].map(([, name]) => name);
    const told = [...install.matchAll(/^\| `(lockkeeper_\w+)`/gm)].map(([, name = '']) => name);
    expect(new Set(told)).toEqual(new Set(served));
  });

  test.each(blocks(install, 'yaml'))('shows values the chart knows (%#)', (values) => {
    expect(unknownValues(parse(values), parse(read('deploy/chart/values.yaml')))).toEqual([]);
    const { policy } = parse(values) as { policy?: unknown };
    if (policy !== undefined) expect(Policy.safeParse(policy).error).toBeUndefined();
  });
});

describe('docs/temporal.md', () => {
  const temporal = read('docs/temporal.md');

  test('names no variable that nobody reads', () => {
    // What the library says it reads, and what we do.
    const library = read('node_modules/@temporalio/envconfig/lib/envconfig-toml.js');
    const known = new Set(`${library}\n${describeConfig()}`.match(VARIABLE));
    const named = new Set(temporal.match(VARIABLE));
    expect(named.size).toBeGreaterThan(15);
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
  });

  test('makes exactly the search attributes that the code uses', () => {
    const made = [...temporal.matchAll(/search-attribute create .*--name (\w+) --type Keyword/g)];
    expect(made.map(([, name]) => name)).toEqual([...SEARCH_ATTRIBUTES]);
  });

  test.each(blocks(temporal, 'toml'))('shows a profile that is accepted (%#)', (toml) => {
    const { profiles } = loadClientConfigFromToml(Buffer.from(toml), { strict: true });
    expect(profiles['nodes']).toMatchObject({ address: expect.stringMatching(/:7233$/) });
  });

  test.each(blocks(temporal, 'yaml'))('shows values the chart knows (%#)', (values) => {
    expect(unknownValues(parse(values), parse(read('deploy/chart/values.yaml')))).toEqual([]);
  });

  test('starts what docker-compose.temporal.yml has', () => {
    const started = [...temporal.matchAll(/temporal\.yml --profile (\w+) up/g)];
    const { services } = readCompose();
    const profiles = Object.values(services).flatMap(({ profiles = [] }) => profiles);
    expect(new Set(started.map(([, name]) => name))).toEqual(new Set(profiles));
  });
});

describe('docs/operations.md says what to do about', () => {
  const rows = new Set([...operations.matchAll(/^\| `?([\w-]+)`? +\|/gm)].map(([, name]) => name));
  const told = new Set(operations.match(/`[a-zA-Z-]+`/g));
  const used = Object.keys(FAILURES).filter((kind) => SOURCES.split(`'${kind}'`).length > 2);
  // These two are waits, shown as their reasons.
  const ends = used.filter((kind) => kind !== 'gate-closed' && kind !== 'no-room');

  test.each(ends)('the failure %s', (kind) => {
    expect(told).toContain(`\`${kind}\``);
  });

  test.each([...OUTCOMES])('the outcome %s', (outcome) => {
    expect(rows).toContain(outcome);
  });

  test.each([...EVENT_REASONS])('the Event %s', (reason) => {
    expect(rows).toContain(reason);
  });

  test.each(['Cancelled', 'Terminated', 'Reset', 'Timed out'])('the status %s', (status) => {
    expect(operations).toMatch(new RegExp(`^\\| ${status} +\\|`, 'm'));
  });

  test.each([...GATES])('the gate %s', (gate) => {
    expect(told).toContain(`\`${gate}\``);
  });
});

describe('docs/architecture.md names', () => {
  const [events = ''] = /^\| Events .*$/m.exec(architecture) ?? [];

  test.each([...EVENT_REASONS])('the Event %s', (reason) => {
    expect(events).toContain(`\`${reason}\``);
  });
});

test.each(globSync('{*.md,docs/**/*.md}', { cwd: ROOT }))(
  '%s links only to what is there',
  (path) => {
    const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(path), link)))).toEqual([]);
  },
);

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
