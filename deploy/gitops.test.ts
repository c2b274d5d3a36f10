import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { parseDuration } from '../domain/durations.ts';
import { rolloutId, TASK_QUEUE } from '../domain/names.ts';
import { ANNOTATION } from '../domain/node-contract.ts';
import type { KubeObject } from '../lab/fleet/kube.ts';
import { parseObjects } from '../lab/fleet/manifests.ts';
import { Chart, type Values } from './chart.fixture.ts';
import { CHART, helm as runHelm } from './helm.ts';

/** What deploy/examples hands to others: the values are for this chart, and what is agreed between the two fits. */

const run = promisify(execFile);
const EXAMPLES = fileURLToPath(new URL('examples/', import.meta.url));
const read = (file: string): KubeObject[] =>
  parseObjects(readFileSync(`${EXAMPLES}${file}`, 'utf8'), file);

let chart: Chart;
beforeAll(async () => {
  chart = await Chart.open((line) => void process.stderr.write(`[chart] ${line}\n`));
}, 1_800_000);
afterAll(() => chart.close());

/** What whoever brings the chart into a cluster says of it. */
interface Release extends KubeObject {
  readonly spec: {
    readonly source: {
      readonly path: string;
      readonly targetRevision: string;
      readonly helm: { readonly valuesObject: Values };
    };
    readonly syncPolicy: {
      readonly managedNamespaceMetadata: { readonly labels: Readonly<Record<string, string>> };
    };
    readonly chart: { readonly spec: { readonly chart: string } };
    readonly uninstall: { readonly timeout: string };
    readonly values: Values;
    readonly ref: { readonly tag: string };
  };
}

const objectOf = (file: string, kind: string): Release => {
  const found = read(file).find((object) => object.kind === kind);
  if (!found) throw new Error(`${file} has no ${kind}`);
  return found as Release;
};
const APPLICATION = objectOf('argocd/application.yaml', 'Application');
const RELEASE = objectOf('flux/lockkeeper.yaml', 'HelmRelease');
const SOURCE = objectOf('flux/lockkeeper.yaml', 'GitRepository');
const NAMESPACE = objectOf('flux/lockkeeper.yaml', 'Namespace');

/** Where Pod Security is enforced no agent starts without them. */
async function expectLabelsOfManifests(labels: KubeObject['metadata']['labels']): Promise<void> {
  const objects = await chart.render({ namespace: { create: true } });
  const namespace = objects.find(({ kind }) => kind === 'Namespace');
  expect(namespace?.metadata.labels).toMatchObject(labels ?? {});
  expect(labels).toHaveProperty(['pod-security.kubernetes.io/enforce'], 'privileged');
}

const { path, targetRevision, helm } = APPLICATION.spec.source;

describe.each([
  {
    name: 'Argo CD',
    values: helm.valuesObject,
    place: path,
    version: targetRevision,
    labels: APPLICATION.spec.syncPolicy.managedNamespaceMetadata.labels,
  },
  {
    name: 'Flux',
    values: RELEASE.spec.values,
    place: RELEASE.spec.chart.spec.chart,
    version: SOURCE.spec.ref.tag,
    labels: NAMESPACE.metadata.labels ?? {},
  },
])('the example for $name', ({ values, place, version, labels }) => {
  test('has values that the chart takes and follows', async () => {
    const objects = await chart.render(values);
    const texts = objects
      .filter(({ kind }) => kind === 'ConfigMap')
      .map((map) => JSON.stringify(map));
    expect(texts.join('\n')).toContain('22:00');
    // The fixture has a registry of its own, which that of the example replaces.
    expect(JSON.stringify(objects)).toContain('registry.example.org/lockkeeper/worker');
  });

  test('names this chart in this version', () => {
    expect(fileURLToPath(new URL(`../${place}`, import.meta.url))).toBe(CHART);
    const { version: ours } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(version).toBe(`v${ours}`);
  });

  test('gives the namespace the labels that the manifests give it', async () => {
    await expectLabelsOfManifests(labels);
  });
});

test('Flux waits longer for the end of what is under way than the chart does', async () => {
  const { spec } = (await chart.render({})).find(({ kind }) => kind === 'Job') as KubeObject & {
    spec: { template: { spec: { containers: { command: string[] }[] } } };
  };
  const [, wait = ''] =
    /--timeout=(\S+)/.exec(spec.template.spec.containers[0]?.command.join(' ') ?? '') ?? [];
  expect(parseDuration(RELEASE.spec.uninstall.timeout)).toBeGreaterThan(parseDuration(wait));
});

test('Argo CD applies what bounds a right before who is given it', async () => {
  const waves = new Map<boolean, Set<number>>();
  for (const { kind, metadata } of await chart.render({})) {
    if (metadata.annotations?.['helm.sh/hook'] !== undefined) continue;
    const bounds = kind.startsWith('ValidatingAdmissionPolicy');
    const wave = Number(metadata.annotations?.['argocd.argoproj.io/sync-wave'] ?? 0);
    waves.set(bounds, (waves.get(bounds) ?? new Set()).add(wave));
  }
  expect(Math.max(...(waves.get(true) ?? []))).toBeLessThan(Math.min(...(waves.get(false) ?? [])));
});

interface Templated extends KubeObject {
  readonly spec?: { readonly template?: { readonly metadata: KubeObject['metadata'] } };
}

describe('the role for Ansible', () => {
  const files = globSync('ansible/**/*.yml', { cwd: EXAMPLES });
  const text = (file: string): string => readFileSync(`${EXAMPLES}${file}`, 'utf8');
  const tasks = (name: string): string => text(`ansible/roles/lockkeeper/tasks/${name}.yml`);

  test.each(files)('%s is YAML', (file) => {
    expect(read(file)).toHaveLength(1);
  });

  test('has values that the chart takes and follows', async () => {
    const { lockkeeper_values: values } = parse(
      text('ansible/roles/lockkeeper/defaults/main.yml'),
    ) as { lockkeeper_values: Values };
    const objects = await chart.render(values);
    expect(JSON.stringify(objects)).toContain('registry.example.org/lockkeeper/worker');
  });

  test('starts the rollout that a scan would start', () => {
    expect(tasks('rollout')).toContain(`--type nodeRollout --task-queue ${TASK_QUEUE} `);
    expect(tasks('rollout')).toContain(rolloutId('{{ lockkeeper_node }}'));
  });

  test('reads the end of the run that it last looked at, not of one that a scan has started since', () => {
    const [, , ended] = parse(tasks('rollout')) as { 'ansible.builtin.shell': string }[];
    expect(ended?.['ansible.builtin.shell']).toContain('--run-id ');
  });

  test.each([
    { release: 'lockkeeper', worker: 'lockkeeper-worker' },
    { release: 'reboots', worker: 'reboots-lockkeeper-worker' },
    { release: 'reboots', fullname: 'keeper', worker: 'keeper-worker' },
  ])('finds the pod of $worker, where the release is $release', async (row) => {
    const { release, fullname = '', worker } = row;
    const set = `image.registry=r,fullnameOverride=${fullname}`;
    const text = await runHelm(chart.program, ['template', release, CHART, '--set', set]);
    const wanted = (/-l (\S+)\)/.exec(tasks('rollout'))?.[1] ?? '').split(',');
    const found = parseObjects(text, release).filter((object) => {
      const { template } = (object as Templated).spec ?? {};
      const labels = Object.entries(template?.metadata.labels ?? {});
      return wanted.every((label) => labels.some((one) => one.join('=') === label));
    });
    expect(found.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      `StatefulSet ${worker}`,
    ]);
    expect(JSON.stringify(found)).toContain('127.0.0.1:7233');
  });

  test.each(['hold', 'release'])('%s writes the annotation that is read', (name) => {
    expect(tasks(name)).toContain(ANNOTATION.hold);
  });

  test('gives the namespace the labels that the manifests give it', async () => {
    const [made] = parse(tasks('install')) as [
      { 'kubernetes.core.k8s': { definition: KubeObject } },
    ];
    await expectLabelsOfManifests(made['kubernetes.core.k8s'].definition.metadata.labels);
  });

  describe('on its way to the Temporal in the pod', () => {
    let dir: string;
    beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'lockkeeper-ansible-'))));
    afterAll(() => rm(dir, { recursive: true }));

    /**
     * Runs what a task of the role does, with a kubectl of which `forward` is the second half. The stand-in holds the error
     * stream open, so that this does not end before it does.
     */
    async function look(forward: string, command: string): Promise<string> {
      const [task] = parse(tasks('rollout')) as [{ vars: { lockkeeper_reach: string } }];
      const reach = task.vars.lockkeeper_reach
        .replaceAll(/\{% .* %\}\n/g, '')
        .replace('{{ lockkeeper_temporal_address | quote }}', "''")
        .replaceAll('{{ lockkeeper_namespace | quote }}', 'lockkeeper');
      const kubectl = `#!/bin/sh\ncase "$*" in *" get pod "*) echo pod/keeper-worker-0;;
        *" port-forward --address 127.0.0.1 pod/keeper-worker-0 :7233") ${forward};; esac\n`;
      await writeFile(join(dir, 'kubectl'), kubectl, { mode: 0o755 });
      const env = { ...process.env, PATH: `${dir}:${process.env['PATH']}`, TMPDIR: dir };
      const { stdout } = await run('sh', ['-c', `${reach}${command}`], { env, timeout: 50_000 });
      return stdout.trim();
    }
    const FORWARD = 'echo "Forwarding from 127.0.0.1:4711 -> 7233"; exec sleep 90';

    test('goes by the port that kubectl chose, and leaves nothing behind', async () => {
      expect(await look(FORWARD, 'echo "$TEMPORAL_ADDRESS"')).toBe('127.0.0.1:4711');
      expect(await readdir(dir)).toEqual(['kubectl']);
    }, 60_000);

    test('goes nowhere else where kubectl does not forward', async () => {
      await expect(look('exit 1', 'echo went on')).rejects.toMatchObject({
        stdout: '',
        killed: false,
      });
    }, 60_000);

    test('leaves nothing behind when it is stopped', async () => {
      await expect(look(FORWARD, 'kill -TERM $$; sleep 1')).rejects.toMatchObject({ code: 1 });
      expect(await readdir(dir)).toEqual(['kubectl']);
    }, 60_000);
  });
});
