import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { KubeObject } from '../lab/fleet/kube.ts';
import { ensureTool } from '../lab/tools/ensure.ts';
import { Chart } from './chart.fixture.ts';
import { CHART } from './helm.ts';

/** The alert rules as the chart renders them and the queries of the dashboard, in the hands of the real promtool. */

const run = promisify(execFile);
const log = (line: string): void => void process.stderr.write(`[monitoring] ${line}\n`);

interface Rule {
  readonly alert: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly description: string };
}
interface PrometheusRule extends KubeObject {
  readonly spec: { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
}

let promtool: string;
let dir: string;
let rules: readonly Rule[];

beforeAll(async () => {
  const { signal } = new AbortController();
  promtool = await ensureTool('promtool', { log, signal });
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-rules-'));
  const chart = await Chart.open(log);
  const objects = await chart.render({ metrics: { rules: { enabled: true } } });
  await chart.close();
  const { spec } = objects.find(({ kind }) => kind === 'PrometheusRule') as PrometheusRule;
  rules = spec.groups.flatMap((group) => group.rules);
  await writeFile(join(dir, 'rules.yaml'), stringify(spec));
}, 1_800_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Rejects with what promtool says. */
async function check(file: string, content?: object): Promise<string> {
  if (content) await writeFile(join(dir, file), stringify(content));
  const words = content && 'tests' in content ? ['test', 'rules'] : ['check', 'rules'];
  const { stdout } = await run(promtool, [...words, file], { cwd: dir }).catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${stdout}${stderr}`, { cause: error });
  });
  return stdout;
}

/** Samples a minute apart, as promtool writes them; `0 1x20`: 0, then 1 and twenty more. */
type Series = Readonly<Record<string, string>>;

interface Row {
  readonly alert: string;
  /** It fires when this has lasted for as long as the rule says, or at this time; not a minute before. */
  readonly fires: Series;
  readonly at?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly says: string;
  /** And never while this is so, which is nearly the same. */
  readonly quiet: Series;
}

const of = (metric: string, labels = 'pool="workers"'): ((worker: string) => string) => {
  const more = labels === '' ? '' : `,${labels}`;
  return (worker) => `${metric}{instance="${worker}"${more}}`;
};
/** What two workers say of the same nodes. */
const both = (named: (worker: string) => string, samples: string): Series => ({
  [named('a')]: samples,
  [named('b')]: samples,
});

const DAY_S = 86_400;
const WORKERS = { pool: 'workers' };
const undone = (failed: boolean) =>
  of('lockkeeper_nodes_undone_total', `pool="workers",failed="${failed}"`);
const volume = (claim: string): string =>
  `kubelet_volume_stats_available_bytes{persistentvolumeclaim="${claim}"}`;

const ROWS: readonly Row[] = [
  {
    alert: 'LockkeeperNotWatching',
    fires: both(of('lockkeeper_fleet_seen', ''), '0x600'),
    says: 'No worker of Lockkeeper sees the nodes',
    quiet: {
      'lockkeeper_fleet_seen{instance="a"}': '0x600',
      'lockkeeper_fleet_seen{instance="b"}': '1x600',
    },
  },
  {
    alert: 'LockkeeperPolicyRefused',
    fires: {
      'lockkeeper_policy_refused{instance="a"}': '0x600',
      'lockkeeper_policy_refused{instance="b"}': '1x600',
    },
    says: 'The policy of Lockkeeper was refused, and the last good one stays in force',
    quiet: both(of('lockkeeper_policy_refused', ''), '0x600'),
  },
  {
    alert: 'LockkeeperAdmissionPolicyMissing',
    fires: both(of('lockkeeper_admission_policy_missing', ''), '1x600'),
    says: "The admission policy of Lockkeeper's worker is not in force",
    quiet: both(of('lockkeeper_admission_policy_missing', ''), '0x600'),
  },
  {
    alert: 'LockkeeperPoolTroubled',
    fires: both(of('lockkeeper_troubles'), '2x600'),
    labels: WORKERS,
    says: '2 nodes of pool workers failed, are quarantined or lost',
    quiet: both(of('lockkeeper_troubles'), '0x600'),
  },
  {
    alert: 'LockkeeperNodeQuarantined',
    fires: both(of('lockkeeper_nodes_quarantined'), '2x600'),
    labels: WORKERS,
    says: '2 nodes of pool workers want a reboot again right after one',
    quiet: both(of('lockkeeper_nodes_quarantined'), '0x600'),
  },
  {
    alert: 'LockkeeperAgentSilent',
    fires: both(of('lockkeeper_nodes_silent'), '3x600'),
    labels: WORKERS,
    says: '3 nodes of pool workers have not been heard of for 15 minutes',
    // One that is rebooting is silent for a while.
    quiet: both(of('lockkeeper_nodes_silent'), '1x25 0x25 1x25 0x25'),
  },
  {
    alert: 'LockkeeperNodeOverdue',
    fires: both(of('lockkeeper_longest_wait_seconds'), `${15 * DAY_S}x600`),
    labels: WORKERS,
    says: 'A node of pool workers has waited 15d 0h 0m 0s for its reboot',
    quiet: both(of('lockkeeper_longest_wait_seconds'), `${14 * DAY_S}x600`),
  },
  {
    alert: 'LockkeeperPoolQuiet',
    fires: both(of('lockkeeper_quiet_seconds'), `${31 * DAY_S}x600`),
    labels: WORKERS,
    says: 'No node of pool workers has asked for a reboot for 31d 0h 0m 0s',
    quiet: both(of('lockkeeper_quiet_seconds'), `${30 * DAY_S}x600`),
  },
  {
    alert: 'LockkeeperNodeInNoPool',
    fires: {
      ...both(of('lockkeeper_nodes', 'pool="",state="idle"'), '2x600'),
      ...both(of('lockkeeper_nodes', 'pool="",state="waiting"'), '1x600'),
    },
    says: '3 nodes are in no pool of the policy, or in two',
    quiet: both(of('lockkeeper_nodes', 'pool="workers",state="idle"'), '2x600'),
  },
  {
    alert: 'LockkeeperDatabaseVolumeFull',
    fires: { [volume('temporal-data-lockkeeper-worker-0')]: '250000000x600' },
    labels: { persistentvolumeclaim: 'temporal-data-lockkeeper-worker-0' },
    says: 'The volume of the database of Temporal has 238.4MiB left',
    quiet: {
      [volume('temporal-data-lockkeeper-worker-0')]: '300000000x600',
      [volume('data-of-others-0')]: '1x600',
    },
  },
  {
    alert: 'LockkeeperRolloutFailed',
    // The first failure since the workers have started; each of them counts its own.
    fires: {
      [undone(true)('a')]: '0x10 1x200',
      [undone(true)('b')]: '0x10 1x200',
      [undone(false)('b')]: '0x10 7x200',
    },
    at: '11m',
    labels: WORKERS,
    says: '2 nodes of pool workers were handed back without a reboot after a failure',
    // By gates or people; and failures that were there more than an hour ago.
    quiet: { ...both(undone(false), '0+1x600'), [undone(true)('a')]: '3x600' },
  },
];

const minutesOf = (time: string): number =>
  time.endsWith('h') ? 60 * Number.parseInt(time, 10) : Number.parseInt(time, 10);
const ruleOf = (alert: string): Rule => {
  const rule = rules.find((known) => known.alert === alert);
  if (!rule) throw new Error(`there is no alert ${alert}`);
  return rule;
};

/** Asks promtool whether the alert fires at these minutes just as told. */
function judge(
  alert: string,
  { series, expected }: { series: Series; expected: ReadonlyMap<number, readonly object[]> },
): Promise<string> {
  return check('test.yaml', {
    rule_files: ['rules.yaml'],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [...expected].map(([minutes, alerts]) => ({
          eval_time: `${minutes}m`,
          alertname: alert,
          exp_alerts: alerts,
        })),
      },
    ],
  });
}

describe('the alert rules', () => {
  test('are taken by promtool, and each is in the table below', async () => {
    expect(await check('rules.yaml')).toContain(`SUCCESS: ${rules.length} rules found`);
    expect(ROWS.map(({ alert }) => alert).toSorted()).toEqual(
      rules.map(({ alert }) => alert).toSorted(),
    );
  });

  test.each(ROWS)('$alert fires when it should, in these words', async (row) => {
    const { alert, fires, at, labels, says } = row;
    const rule = ruleOf(alert);
    const minutes = minutesOf(at ?? rule.for ?? '0m');
    const firing = {
      exp_labels: { ...labels, ...rule.labels },
      exp_annotations: { ...rule.annotations, summary: says },
    };
    const expected = new Map([
      [minutes - 1, []],
      [minutes, [firing]],
    ]);
    expect(await judge(alert, { series: fires, expected })).toContain('SUCCESS');
  });

  test.each(ROWS)('$alert does not fire when it should not', async ({ alert, quiet }) => {
    const expected = new Map(Array.from({ length: 40 }, (_, step) => [5 * step, []]));
    expect(await judge(alert, { series: quiet, expected })).toContain('SUCCESS');
  });
});

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets?: readonly { readonly expr: string }[];
}

describe('the dashboard', () => {
  const { panels } = JSON.parse(readFileSync(join(CHART, 'files/dashboard.json'), 'utf8')) as {
    readonly panels: readonly Panel[];
  };
  const queries = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expr })),
  );

  test('has queries that Prometheus understands', async () => {
    const rules = queries.map(({ expr }, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll(/\$__\w+/g, '5m'),
    }));
    const said = await check('dashboard.yaml', { groups: [{ name: 'dashboard', rules }] });
    expect(said).toContain(`SUCCESS: ${queries.length} rules found`);
    expect(queries.length).toBeGreaterThan(20);
  });

  test('has each panel once, and none on top of another', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(taken).size).toBe(taken.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });
});
