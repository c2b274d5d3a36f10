import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { temporalPort } from '../../activities/temporal.ts';
import { lockId, rolloutId } from '../../domain/names.ts';
import type { PhaseName } from '../../domain/phases.ts';
import { Monitoring } from '../integration/monitoring.ts';
import { until } from '../ask.ts';
import { Browser } from './browser.ts';
import { RolloutScene } from './rollout-scene.ts';

/** The Web UI of Temporal, read as a person does who asks why a node is not rebooted; one node stands in every phase that lasts. */

/** Whatever is blocked stays blocked until it has been read. */
const PATIENT = { drain: { timeout: '2h' } } as const;
const QUICK = { orderExpires: '30s', stableFor: '1s', perDay: 100 };

let browser: Browser;
let monitoring: Monitoring;
let scene: RolloutScene;
let pictures: string;
beforeAll(async () => {
  // First, for without it there is nothing to be read.
  browser = await Browser.open();
  pictures =
    process.env['LOCKKEEPER_RECORD'] ?? (await mkdtemp(join(tmpdir(), 'lockkeeper-pictures-')));
  monitoring = await Monitoring.open();
  const { url: prometheus } = await monitoring.prometheus('prometheus', {
    rules: [{ alert: 'ShopDown', expr: 'vector(1)' }],
  });
  scene = await RolloutScene.open({
    nodes: 10,
    pools: {
      night: { windows: [{ cron: '0 22 1 1 *', for: '4h' }] },
      guarded: { gates: { alerts: { prometheus } } },
      live: { reboot: QUICK },
      away: { reboot: { ...QUICK, returnWithin: '2h' } },
      lost: { reboot: { ...QUICK, returnWithin: '3s' } },
      busy: PATIENT,
      rest: PATIENT,
      failing: { drain: { timeout: '4s' } },
    },
  });
  await bringAllIntoTheirPhases();
}, 1_800_000);
afterEach(async () => {
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await browser.close();
  await endAll();
  await scene.close();
  await monitoring.close();
  if (process.env['LOCKKEEPER_RECORD'] === undefined) await rm(pictures, { recursive: true });
}, 600_000);

const rollouts = new Map<string, WorkflowHandle>();

async function rollIn(pool: string, node: string): Promise<WorkflowHandle> {
  await scene.moveTo(pool, node);
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  rollouts.set(node, rollout);
  return rollout;
}

/** Whoever starts one by hand introduces it to nobody. */
async function startAsTheScanDoes(pool: string, node: string): Promise<WorkflowHandle> {
  await scene.moveTo(pool, node);
  await scene.askForReboot(node);
  await temporalPort(scene.client).startRollout({ node, reason: 'libc6', requestedBy: 'a test' });
  const rollout = scene.client.workflow.getHandle(rolloutId(node));
  rollouts.set(node, rollout);
  return rollout;
}

async function comesTo(rollout: WorkflowHandle, at: PhaseName): Promise<void> {
  await until(
    () => scene.status(rollout),
    ({ phase }) => phase.at === at,
  );
}

async function bringAllIntoTheirPhases(): Promise<void> {
  const { fleet } = scene.lab;
  await scene.patchNode('worker-1', {
    metadata: { annotations: { 'lockkeeper.io/hold': 'disk is being replaced' } },
  });
  for (const node of ['worker-5', 'worker-6']) {
    fleet.machine(node).setFault({ kind: 'never-returns' });
  }
  await comesTo(await rollIn('away', 'worker-5'), 'rebooting');
  await comesTo(await rollIn('lost', 'worker-6'), 'lost');
  await scene.result(await rollIn('live', 'worker-8'));
  const aborted = await rollIn('night', 'worker-9');
  await aborted.signal('abort', { by: 'kim', reason: 'wrong node' });
  await scene.result(aborted);
  await rollIn('night', 'worker-1');
  await startAsTheScanDoes('guarded', 'worker-10');

  await scene.forbidEvictions('worker-2', 'worker-4', 'worker-7');
  await comesTo(await startAsTheScanDoes('busy', 'worker-2'), 'draining');
  await comesTo(await rollIn('busy', 'worker-3'), 'queued');
  const paused = await rollIn('rest', 'worker-4');
  // So that it has something to tell of the drain.
  await until(
    () => scene.status(paused),
    ({ phase }) => 'drain' in phase && phase.drain !== undefined,
  );
  await paused.signal('pause', { by: 'kim', reason: 'release night' });
  await comesTo(paused, 'paused');
  await (await rollIn('failing', 'worker-7')).result().catch(() => undefined);
}

/** Gives back whatever is out, so that nothing is left of a rollout when the lab ends. */
async function endAll(): Promise<void> {
  await scene.allowEvictions();
  for (const node of ['worker-5', 'worker-6']) scene.lab.fleet.machine(node).powerOn();
  await rollouts.get('worker-4')?.signal('resume');
  for (const node of ['worker-1', 'worker-3', 'worker-10'])
    await rollouts.get(node)?.signal('abort');
  for (const rollout of rollouts.values()) await rollout.result().catch(() => undefined);
}

const at = (path: string): string => `${scene.lab.cluster.webUiUrl}/namespaces/default${path}`;
const pageOf = (workflowId: string): string => at(`/workflows/${encodeURIComponent(workflowId)}`);

/** The part of the screen that is the page's own, as the README shows it. */
const BESIDE_MENU = { x: 256, y: 60, width: 1144, height: 690 };

interface Page {
  readonly phase: PhaseName;
  readonly node: string;
  /** The status that Temporal shows beside the name. */
  readonly badge: string;
  /** On the page as it opens. */
  readonly first: readonly string[];
  /** One click away, under User Metadata. */
  readonly details: readonly string[];
  /** One click away, under Pending Activities. */
  readonly pending?: readonly string[];
}

const NEVER =
  'disruption budget never-worker-2 allows 0 disruptions (1 of 1 pods healthy, 1 needed)';

const PAGES: readonly Page[] = [
  {
    phase: 'waiting',
    node: 'worker-1',
    badge: 'Running',
    first: ['passGates', 'worker-1: hold: held: disk is being replaced; window: closed until'],
    details: [
      'worker-1 waits for its gates since',
      'hold: held: disk is being replaced',
      'window: closed until',
    ],
    pending: ['hold: held: disk is being replaced; window: closed until'],
  },
  {
    phase: 'waiting',
    node: 'worker-10',
    badge: 'Running',
    first: ['worker-10: alerts: ShopDown firing'],
    details: [
      'worker-10 waits for its gates since',
      'alerts: ShopDown firing',
      // What it was introduced with.
      'reboot worker-10: libc6',
      'empties the node, has it rebooted and brings it back',
      'By signal or update',
    ],
    pending: ['alerts: ShopDown firing'],
  },
  {
    phase: 'queued',
    node: 'worker-3',
    badge: 'Running',
    first: ['worker-3: 1 of at most 1 out of service: worker-2 is in the middle'],
    details: [
      'worker-3 waits for the lock of its pool since',
      'number 1 of 1 in the queue: 1 of at most 1 out of service: worker-2 is in the middle of a rollout',
    ],
    pending: ['number 1 of 1 in the queue: 1 of at most 1 out of service: worker-2'],
  },
  {
    phase: 'draining',
    node: 'worker-2',
    badge: 'Running',
    first: ['drain worker-2'],
    details: ['draining worker-2 since', ' evicted, as of', NEVER],
    pending: [NEVER],
  },
  {
    phase: 'paused',
    node: 'worker-4',
    badge: 'Running',
    first: ['paused by kim: release night'],
    details: ['worker-4 is paused since', 'paused by kim: release night', ' evicted, as of'],
  },
  {
    phase: 'rebooting',
    node: 'worker-5',
    badge: 'Running',
    first: ['reboot of worker-5'],
    details: ['worker-5 reboots since'],
    pending: ['not Ready since'],
  },
  {
    phase: 'lost',
    node: 'worker-6',
    badge: 'Running',
    first: ['worker-6 is lost: not Ready since'],
    details: ['worker-6 has not come back in time since', 'not Ready since'],
    pending: ['not Ready since'],
  },
  {
    phase: 'done',
    node: 'worker-8',
    badge: 'Completed',
    first: ['"rebooted"', '"it rebooted and is back"'],
    details: ['worker-8 is done since', 'it rebooted and is back'],
  },
  {
    phase: 'failed',
    node: 'worker-7',
    badge: 'Failed',
    first: ['hand worker-7 back: node worker-7 was not empty in time', '"drain-timed-out"'],
    details: [
      'worker-7 failed since',
      'node worker-7 was not empty in time (',
      'disruption budget',
    ],
  },
  {
    phase: 'aborted',
    node: 'worker-9',
    badge: 'Completed',
    first: ['"aborted"', '"aborted by kim: wrong node"'],
    details: ['worker-9 was aborted and handed back since', 'aborted by kim: wrong node'],
  },
];

describe('G8: the page of a rollout says why it stands where it stands, without scrolling', () => {
  test.each(PAGES)('$phase: $node', async ({ phase, node, badge, first, details, pending }) => {
    await browser.goTo(pageOf(rolloutId(node)));
    await browser.shows(rolloutId(node), badge, ...first);
    await browser.picture(join(pictures, `${phase}-${node}-timeline.png`));
    await browser.press('User Metadata');
    await browser.shows('Current Details', ...details);
    await browser.picture(join(pictures, `${phase}-${node}.png`), BESIDE_MENU);
    if (!pending) return;
    await browser.press('Pending Activities');
    await browser.shows(...pending);
  });
});

test('G8: the page of a lock says why nobody is admitted', async () => {
  await browser.goTo(pageOf(lockId('busy')));
  await browser.shows('nobody in busy: 1 of at most 1 out of service: worker-2 is in the middle');
  await browser.press('User Metadata');
  await browser.shows(
    'the lock of pool busy',
    'nobody is admitted : 1 of at most 1 out of service: worker-2 is in the middle of a rollout',
    'in the queue: worker-3',
  );
  await browser.picture(join(pictures, 'lock.png'));
});

/** As a person who has added a column in the dialog below the list. */
async function addColumns(): Promise<void> {
  const labels = ['Status', 'Workflow ID', 'LockkeeperPhase', 'LockkeeperPool', 'Start'];
  const columns = JSON.stringify({ default: labels.map((label) => ({ label })) });
  await browser.evaluate(
    `localStorage.setItem('namespace-workflow-table-columns', ${JSON.stringify(columns)})`,
  );
}

/** The addresses in the documentation, with this lab's Web UI in place of the one that a person has forwarded. */
async function savedViews(): Promise<string[]> {
  const text = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const found = [...text.matchAll(/http:\/\/127\.0\.0\.1:8233\/namespaces\/default([^)\s]+)/g)];
  return found.map(([, path = '']) => at(path));
}

test('G8: the saved views of the documentation show the rollouts and not the scans', async () => {
  const [underWay = '', ended = '', lost = '', locks = ''] = await savedViews();
  await browser.goTo(underWay);
  const { words } = await browser.shows(
    ...['worker-1', 'worker-2', 'worker-3', 'worker-4', 'worker-5', 'worker-6'].map(rolloutId),
  );
  expect(words).toContain('7 Workflows');
  expect(words).not.toMatch(/fleet-scan|pool-lock|worker-8/);
  await addColumns();
  await browser.goTo(underWay);
  await browser.shows('draining', 'queued', 'waiting', 'paused', 'rebooting', 'lost');
  await browser.picture(join(pictures, 'list.png'), { ...BESIDE_MENU, height: 560 });
  await browser.goTo(ended);
  await browser.shows('1 Workflow', rolloutId('worker-7'), 'Failed');
  await browser.goTo(lost);
  await browser.shows('1 Workflow', rolloutId('worker-6'));
  await browser.goTo(locks);
  await browser.shows('pool-lock/busy', 'pool-lock/lost');
});
