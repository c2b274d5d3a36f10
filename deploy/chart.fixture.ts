import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { KubeObject } from '../lab/fleet/kube.ts';
import { parseObjects } from '../lab/fleet/manifests.ts';
import { ensureTool } from '../lab/tools/ensure.ts';
import { CHART, helm } from './helm.ts';

export type Values = Record<string, unknown>;

/** What everybody has to say. */
const GIVEN = { image: { registry: 'registry.example/lockkeeper' } };

/** The chart in the hands of the real Helm. */
export class Chart {
  readonly program: string;
  private readonly dir: string;

  private constructor(program: string, dir: string) {
    this.program = program;
    this.dir = dir;
  }

  static async open(log: (line: string) => void): Promise<Chart> {
    const program = await ensureTool('helm', { log, signal: new AbortController().signal });
    return new Chart(program, await mkdtemp(join(tmpdir(), 'lockkeeper-chart-')));
  }

  /** Runs a Helm command on the chart with these values; text goes to the file as it is. */
  async helm(command: 'lint' | 'template', values: Values | string): Promise<string> {
    const release = command === 'template' ? ['lockkeeper', CHART] : [CHART, '--strict'];
    return this.run([command, ...release], values);
  }

  /** What Helm says to do next, to somebody who installs it beside what is there. */
  async notes(values: Values, kubeconfig: string): Promise<string> {
    const install = ['install', 'another', CHART, '--dry-run=client', '--kubeconfig', kubeconfig];
    const [, notes = ''] = (await this.run(install, values)).split(/^NOTES:\n/m);
    return notes;
  }

  private async run(words: readonly string[], values: Values | string): Promise<string> {
    const file = join(this.dir, 'values.yaml');
    const given = join(this.dir, 'given.yaml');
    await writeFile(given, stringify(GIVEN));
    await writeFile(file, typeof values === 'string' ? values : stringify(values));
    const place = ['--namespace', 'lockkeeper'];
    return helm(this.program, [...words, ...place, '--values', given, '--values', file]);
  }

  /** Everything there is with these values, hooks among it. */
  async render(values: Values | string): Promise<KubeObject[]> {
    return parseObjects(await this.helm('template', values), 'the rendered chart');
  }

  async close(): Promise<void> {
    await rm(this.dir, { recursive: true });
  }
}

/** A pool of the policy. */
export const pool = (over: Values = {}): Values => ({
  name: 'workers',
  nodes: 'pool=workers',
  ...over,
});

const ELSEWHERE = 'temporal.example:7233';

/** Values that between them reach every branch of the templates. */
export const VARIANTS: readonly { readonly name: string; readonly values: Values }[] = [
  { name: 'its defaults', values: {} },
  { name: 'a Temporal elsewhere', values: { temporal: { address: ELSEWHERE } } },
  {
    name: 'a Temporal of its own, with its Web UI and no claim',
    values: { temporal: { embedded: { storage: { claim: false }, ui: { enabled: true } } } },
  },
  {
    name: 'a Temporal of its own, on a claim of another class',
    values: {
      temporal: { embedded: { storage: { className: 'fast', size: '2Gi' }, resources: {} } },
    },
  },
  {
    name: 'Temporal behind mTLS, Secrets and calendars',
    values: {
      temporal: {
        address: ELSEWHERE,
        tls: { clientSecret: 'own', caSecret: 'ca', serverName: 'temporal' },
      },
      worker: {
        replicas: 1,
        env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'a' } } }],
        envFrom: [{ secretRef: { name: 's' } }],
        secretFiles: ['mail'],
        podLabels: { team: 'nodes' },
        podAnnotations: { a: 'b' },
        affinity: { podAntiAffinity: {} },
        tolerations: [{ operator: 'Exists' }],
        serviceAccountAnnotations: { a: 'b' },
      },
      calendars: { 'plan.ics': 'BEGIN:VCALENDAR\nEND:VCALENDAR\n' },
      image: { pullSecrets: ['registry'], tag: 'v9' },
    },
  },
  {
    name: 'payloads encrypted, a profile and its Secrets in files',
    values: {
      temporal: { encryption: { keySecret: 'payload-keys', key: 'keys.txt' } },
      worker: {
        secretFiles: ['profile', 'mail'],
        env: [
          { name: 'TEMPORAL_CONFIG_FILE', value: '/etc/lockkeeper-secrets/profile/temporal.toml' },
        ],
      },
    },
  },
  { name: 'an API key', values: { temporal: { address: ELSEWHERE, apiKey: { secret: 'cloud' } } } },
  { name: 'a reboot by command', values: { agent: { reboot: { method: 'command' } } } },
  { name: 'a reboot by file', values: { agent: { reboot: { method: 'file' } } } },
  {
    name: 'a sentinel command',
    values: { agent: { sentinel: { command: 'needs-restarting -r' } } },
  },
  {
    name: 'a right that only some policies need',
    values: {
      policy: {
        pools: [pool({ drain: { onTimeout: 'delete' } })],
      },
    },
  },
  {
    name: 'monitoring',
    values: {
      metrics: {
        podMonitor: { enabled: true, labels: { release: 'p' } },
        rules: { enabled: true },
        dashboard: { enabled: true },
      },
    },
  },
  {
    name: 'a network that is closed outwards',
    values: {
      networkPolicy: {
        metricsFrom: [{ podSelector: { matchLabels: { app: 'prometheus' } } }],
        egress: { agent: [{ ports: [{ port: 6443 }] }], worker: [{ ports: [{ port: 443 }] }] },
      },
    },
  },
  {
    name: 'little else',
    values: {
      priorityClass: { create: false },
      networkPolicy: { enabled: false },
      metrics: { temporal: false },
      uninstall: { cleanUp: false },
      worker: { disruptionBudget: false, resources: {}, nodeSelector: {} },
      agent: { tolerations: [] },
      fullnameOverride: 'keeper',
    },
  },
];
