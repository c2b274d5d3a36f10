import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { parseImagesArgs } from '../../test/images/args.ts';
import { baseImagesOf } from './base-images.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly needs?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes': number;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflow = (name: string): Workflow =>
  parse(read(`.github/workflows/${name}.yml`)) as Workflow;
const ci = workflow('ci');
const release = workflow('release');
const stepsOf = ({ jobs }: Workflow): Step[] => Object.values(jobs).flatMap(({ steps }) => steps);
const { scripts, devDependencies } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  devDependencies: { node: string };
};

test('there are no other workflows than these two', () => {
  const there = globSync('.github/**/*.{yml,yaml}', { cwd: ROOT });
  expect(new Set(there)).toEqual(
    new Set(['.github/workflows/ci.yml', '.github/workflows/release.yml']),
  );
});

describe.each([
  { name: 'ci', flow: ci },
  { name: 'release', flow: release },
])('$name.yml', ({ name, flow }) => {
  const steps = stepsOf(flow);

  test('names each action by a full commit, with its version beside it', () => {
    const lines = read(`.github/workflows/${name}.yml`).match(/uses: .*/g) ?? [];
    expect(lines.length).toBe(steps.filter(({ uses }) => uses).length);
    for (const line of lines) {
      expect(line).toMatch(/^uses: (actions|docker)\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test('may read the repository, and no more where it is not said', () => {
    expect(flow.permissions).toEqual({ contents: 'read' });
  });

  test('keeps no credentials for the code that it runs, and ends at some time', () => {
    for (const { uses, with: settings } of steps) {
      if (uses?.startsWith('actions/checkout@')) {
        expect(settings).toEqual({ 'persist-credentials': false });
      }
    }
    for (const job of Object.values(flow.jobs)) {
      expect(job['timeout-minutes']).toBeGreaterThan(0);
      expect(job.steps.some(({ uses }) => uses?.startsWith('actions/checkout@'))).toBe(true);
    }
  });

  test('runs on the Node of this project', () => {
    const versions = steps
      .filter(({ uses }) => uses?.startsWith('actions/setup-node@'))
      .map((step) => step.with?.['node-version']);
    expect(versions.length).toBeGreaterThan(0);
    expect(new Set(versions)).toEqual(new Set([devDependencies.node]));
  });

  test('puts nothing that is decided elsewhere into a script', () => {
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
  });

  test('runs what is there', () => {
    const runs = steps.map(({ run = '' }) => run).join('\n');
    for (const [, script = ''] of runs.matchAll(/npm run (?:-s )?([\w:]+)/g)) {
      expect(scripts).toHaveProperty([script]);
    }
    for (const [path] of runs.matchAll(/(?<=^|\s)(\.ci|deploy)\/\S+/g)) {
      expect({ path, there: existsSync(`${ROOT}${path}`) }).toEqual({ path, there: true });
    }
    // Both begin with what has to pass to land.
    expect(flow.jobs['check']?.steps.at(-1)?.run).toBe('.ci/run');
  });
});

describe('ci.yml', () => {
  test('runs for every change, and for nobody else with more rights', () => {
    expect(ci.on).toEqual({ push: { branches: ['main'] }, pull_request: null });
    expect(Object.values(ci.jobs).map(({ permissions }) => permissions)).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('tries the images on the bases that they are shipped on', () => {
    const run = ci.jobs['images']?.steps.at(-1)?.run ?? '';
    const [command = '', options = ''] = run.split(' -- ');
    expect(command).toMatch(/^sudo .*npm run images:test$/);
    const worker = baseImagesOf(read('deploy/Dockerfile.worker'));
    const agent = baseImagesOf(read('deploy/Dockerfile.agent'));
    expect(parseImagesArgs(options.split(' '))).toEqual({
      kind: 'run',
      given: {
        node: worker['NODE_IMAGE'],
        workerBase: worker['BASE_IMAGE'],
        agentBase: agent['BASE_IMAGE'],
        init: agent['BASE_IMAGE'],
      },
    });
    expect(agent['NODE_IMAGE']).toBe(worker['NODE_IMAGE']);
  });
});

describe('release.yml', () => {
  const job = release.jobs['release'];
  const scripts = job?.steps.map(({ run = '' }) => run).join('\n') ?? '';

  test('runs for a tag of a version alone, after everything has passed', () => {
    expect(release.on).toEqual({ push: { tags: ['v*'] } });
    expect(job?.needs).toBe('check');
    expect(release.jobs['check']?.permissions).toBeUndefined();
    expect(job?.permissions).toEqual({ contents: 'write', packages: 'write' });
  });

  test.each(['worker', 'agent'])('builds the %s as it has to be built', (component) => {
    const build = job?.steps.find(({ id }) => id === component)?.with;
    expect(build).toEqual({
      context: '.',
      file: `deploy/Dockerfile.${component}`,
      platforms: 'linux/amd64,linux/arm64',
      push: true,
      sbom: true,
      provenance: 'mode=max',
      tags: `\${{ env.REGISTRY }}/${component}:\${{ steps.version.outputs.version }}`,
      'build-args': [
        `\${{ steps.bases.outputs.${component} }}`,
        'VERSION=${{ steps.version.outputs.version }}',
        'REVISION=${{ github.sha }}',
        '',
      ].join('\n'),
    });
  });

  test('pushes to where the chart pulls from', () => {
    const values = parse(read('deploy/chart/values.yaml')) as { image: { registry: string } };
    expect(release.env?.['REGISTRY']).toBe(values.image.registry);
  });

  test('looks at tag and notes before it pushes anything', () => {
    const ids = job?.steps.map(({ id }) => id) ?? [];
    expect(ids.indexOf('version')).toBeLessThan(ids.indexOf('worker'));
    expect(job?.steps[ids.indexOf('version')]?.run).toMatch(/version "\$GITHUB_REF_NAME"[^]*notes/);
  });

  test.each([
    { what: 'images on bases of a digest', step: 'npm run -s release -- base-images "$component"' },
    { what: 'manifests with digests', step: 'manifests "$REGISTRY" "$WORKER" "$AGENT" >' },
    { what: 'the chart', step: 'helm push "release/lockkeeper-$VERSION.tgz" "oci://$REGISTRY' },
    { what: 'checksums', step: 'npm run -s release -- checksums release' },
    { what: 'notes', step: '--notes-file notes.md release/*' },
  ])('has $what', ({ step }) => {
    expect(scripts).toContain(step);
  });
});
