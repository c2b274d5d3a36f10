import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { FAILURES } from '../domain/failures.ts';
import { GATES } from '../domain/gates.ts';
import { Policy } from '../domain/policy.ts';
import { describeConfig } from '../worker/config.ts';
import { usage } from '../agent/config.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const readme = read('README.md');
const operations = read('docs/operations.md');
const architecture = read('docs/architecture.md');

/** The text of every fenced block of one language. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );

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
    const file = { agent: 'deploy/10-agent-rbac.yaml', worker: 'deploy/20-worker-rbac.yaml' }[who];
    expect(permissionsIn(readme, who)).toEqual(permissionsOf(read(file ?? '')));
  });
});

describe('docs/operations.md says what to do about', () => {
  const told = new Set(operations.match(/`[a-zA-Z-]+`/g));
  const used = Object.keys(FAILURES).filter((kind) => SOURCES.split(`'${kind}'`).length > 2);
  // These two are waits, shown as their reasons.
  const ends = used.filter((kind) => kind !== 'gate-closed' && kind !== 'no-room');

  test.each(ends)('the failure %s', (kind) => {
    expect(told).toContain(`\`${kind}\``);
  });

  test.each([...GATES])('the gate %s', (gate) => {
    expect(told).toContain(`\`${gate}\``);
  });
});

test.each(globSync('{*.md,docs/**/*.md}', { cwd: ROOT }))(
  '%s links only to what is there',
  (path) => {
    const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(path), link)))).toEqual([]);
  },
);

/** "resource: verb", sorted, from the table. */
function permissionsIn(text: string, who: string): string[] {
  const rows = [...text.matchAll(new RegExp(`^\\| ${who} +\\| ([a-z/]+: [^|]+)\\|`, 'gm'))];
  return rows
    .flatMap(([, cell = '']) => cell.split('; '))
    .flatMap((one) => {
      const [resource = '', verbs = ''] = one.trim().split(': ');
      return verbs.split(', ').map((verb) => `${resource}: ${verb}`);
    })
    .toSorted();
}

interface Role {
  readonly kind: string;
  readonly rules: readonly {
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

function permissionsOf(manifest: string): string[] {
  return parseAllDocuments(manifest)
    .map((document) => document.toJS() as Role)
    .filter(({ kind }) => kind === 'ClusterRole')
    .flatMap(({ rules }) => rules)
    .flatMap(({ resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${resource}: ${verb}`)),
    )
    .toSorted();
}
