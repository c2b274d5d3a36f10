import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

/** What GitHub's runners, which nobody runs here, must not be told wrongly. */

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');

interface Step {
  readonly id?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly 'timeout-minutes': number;
        readonly permissions?: Readonly<Record<string, string>>;
        readonly steps: readonly Step[];
      }
    >
  >;
}
const { scripts, devDependencies } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  devDependencies: { node: string };
};

describe.each(globSync('.github/workflows/*.yml', { cwd: ROOT }))('%s', (path) => {
  const text = read(path);
  const flow = parse(text) as Workflow;
  const steps = Object.values(flow.jobs).flatMap((job) => job.steps);

  test('names each action by a full commit, with its version beside it', () => {
    for (const line of text.match(/uses: .*/g) ?? []) {
      expect(line).toMatch(
        /^uses: (actions|docker|sigstore)\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/,
      );
    }
  });

  test('may only read, keeps no credentials, ends at some time, and runs on our Node', () => {
    expect(flow.permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(flow.jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
    for (const { uses = '', with: settings } of steps) {
      if (uses.startsWith('actions/checkout@')) {
        expect(settings).toEqual({ 'persist-credentials': false });
      }
      if (uses.startsWith('actions/setup-node@')) {
        expect(settings?.['node-version']).toBe(devDependencies.node);
      }
    }
  });

  test('runs what is there, and puts nothing that is decided elsewhere into a script', () => {
    for (const { run = '' } of steps) {
      expect(run).not.toContain('${{');
      for (const [, script = ''] of run.matchAll(/npm run (?:-s )?([\w:]+)/g)) {
        expect(scripts).toHaveProperty([script]);
      }
    }
    expect(flow.jobs['check']?.steps.at(-1)?.run).toBe('.ci/run');
  });
});

test('whatever is pushed is signed, and says how it was built', () => {
  const { jobs } = parse(read('.github/workflows/release.yml')) as Workflow;
  const { steps = [], permissions } = jobs['release'] ?? {};
  const pushed = ['worker', 'agent', 'chart'];
  expect(permissions).toMatchObject({ 'id-token': 'write', attestations: 'write' });
  const signing = steps.find(({ run = '' }) => run.startsWith('cosign sign '));
  for (const id of pushed) {
    const digest = `\${{ steps.${id}.outputs.digest }}`;
    expect(steps.some((step) => step.id === id)).toBe(true);
    expect(signing?.env?.[id.toUpperCase()]).toBe(digest);
    expect(signing?.run).toContain(`@$${id.toUpperCase()}"`);
    const attested = steps.filter(({ with: settings }) => settings?.['subject-digest'] === digest);
    expect(attested).toEqual([
      expect.objectContaining({
        uses: expect.stringMatching(/^actions\/attest-build-provenance@/),
      }),
    ]);
  }
});

test('the images are tried on the bases that they are shipped on', () => {
  const [worker, agent] = ['worker', 'agent'].map((name) =>
    Object.fromEntries(
      [...read(`deploy/Dockerfile.${name}`).matchAll(/^ARG (\w+_IMAGE)=(\S+)$/gm)].map(
        ([, argument = '', image = '']) => [argument, image],
      ),
    ),
  );
  const { jobs } = parse(read('.github/workflows/ci.yml')) as Workflow;
  const { temporal } = parse(read('deploy/chart/values.yaml')) as {
    temporal: { embedded: { image: string; ui: { image: string } } };
  };
  expect(jobs['images']?.steps.at(-1)?.run).toMatch(
    new RegExp(
      `--node ${worker?.['NODE_IMAGE']}\\s+--temporal ${temporal.embedded.image}\\s+--ui ${temporal.embedded.ui.image}\\s+--worker-base ${worker?.['BASE_IMAGE']}\\s+--agent-base ${agent?.['BASE_IMAGE']}\\s`,
    ),
  );
  expect(agent?.['NODE_IMAGE']).toBe(worker?.['NODE_IMAGE']);
});
