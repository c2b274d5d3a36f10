import { z } from 'zod';
import { AWAY_TAINTS } from './away-taints.ts';
import { durationMs, longerThanZero } from './duration-schema.ts';
import { gates } from './gates/outside-gates.ts';
import { whenObject } from './gates/written-forms.ts';
import { labelSelector } from './label-selector-schema.ts';
import { parseSelector } from './label-selector.ts';
import { awayTaints, nodeLabels, waitingTaint } from './labels-and-taint-schema.ts';
import { notifications } from './notifications/receiver-schema.ts';
import { notificationProblems } from './notifications/receivers.ts';
import { MOST_POOLS, poolProblems } from './pool-problems.ts';
import { windowProblems, type IsRead } from './window/check.ts';
import { timeZone } from './window/field-schemas.ts';
import { freezes } from './window/freeze-schema.ts';
import { windows } from './window/window-schema.ts';

/** The policy: type, default, check and documentation in one. Only the worker, the CLI and tests import it as a value. */

const BUDGET_RULE = 'write a number of nodes from 1, or a percentage from "1%" to "100%"';
const maxUnavailable = z
  .union(
    [z.int(BUDGET_RULE).min(1, BUDGET_RULE), z.string().regex(/^([1-9][0-9]?|100)%$/, BUDGET_RULE)],
    BUDGET_RULE,
  )
  .describe(
    'Nodes of the pool that may be out of service at once, whoever took them out; a percentage rounds down, to at least 1',
  );

const Drain = z.strictObject({
  timeout: longerThanZero.prefault('30m').describe('Longest drain before it is given up'),
  onTimeout: z
    .enum(['undo', 'delete'])
    .default('undo')
    .describe('undo: hand the node back. delete: delete what is left, budgets or not'),
  gracePeriod: durationMs.optional().describe("Instead of each pod's own termination grace period"),
  podSelector: labelSelector.optional().describe('Only pods that match are evicted; others stay'),
  skipWaitForDeleteTimeout: durationMs
    .optional()
    .describe('Pods that have been terminating for longer are not waited for'),
  comesBack: z
    .enum(['leave', 'wait'])
    .default('leave')
    .describe(
      'A pod that its owner has put back on the cordoned node three times. leave: it stays, as those of a DaemonSet do. wait: the drain waits until it stays away',
    ),
  delay: durationMs.prefault('0s').describe('Pause between cordon and first eviction'),
  atOnce: z.int().min(1).default(20).describe('Evictions waited for at the same time'),
  blockedAfter: longerThanZero
    .prefault('10m')
    .describe('People are told when something has been in the way of a drain for this long'),
});

const Reboot = z.strictObject({
  delay: durationMs.prefault('0s').describe('Pause between an empty node and the order'),
  orderExpires: longerThanZero.prefault('5m').describe('The agent must answer an order within'),
  returnWithin: longerThanZero
    .prefault('20m')
    .describe(
      'A node not back after this long is lost: people are told, the pool halts, the wait goes on',
    ),
  daemonSetsWithin: durationMs
    .prefault('10m')
    .describe(
      'A node that is back is handed back after this long even if pods of DaemonSets are not Ready again; people are told which',
    ),
  perDay: z
    .int()
    .min(1)
    .default(3)
    .describe('Reboots of one node within 24 hours; what asks for more waits'),
  stableFor: durationMs
    .prefault('30s')
    .describe('How long the node must stay Ready to be believed'),
});

const Retry = z.strictObject({
  pause: longerThanZero
    .prefault('10m')
    .describe('Pause after a try that ended without a reboot; doubled after each further one'),
  longest: longerThanZero.prefault('6h').describe('The pause grows no longer than this'),
});

const QUIET_RULE = 'write a duration like 30d, or never';
const quietAfter = z
  .union([longerThanZero, z.enum(['never'])], QUIET_RULE)
  .prefault('30d')
  .describe(
    'People are told when no node of the pool has asked for a reboot for this long, and again after as long: are updates installed at all?',
  );

const NAME_RULE = 'write a name of at most 63 lower-case letters, digits and dashes';

const Pool = z.strictObject({
  name: z
    .string(NAME_RULE)
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, NAME_RULE)
    .describe('Names the pool in workflows, messages and metrics'),
  nodes: labelSelector.describe(
    'Label selector of its nodes; a node in no pool, or in two, is reported and left alone',
  ),
  maxUnavailable: maxUnavailable.default(1),
  timeZone: timeZone.optional(),
  windows: windows.optional(),
  freezes,
  expectedLength: longerThanZero
    .optional()
    .describe(
      'How long a rollout takes: it begins only if so much is left of the window. Default: as past rollouts of the pool did, or the sum of its timeouts',
    ),
  after: z.array(z.string()).default([]).describe('Pools that are done before this one begins'),
  order: z
    .enum(['fifo', 'zone'])
    .default('fifo')
    .describe('fifo: in the order of asking. zone: one topology zone after the other'),
  pauseBetween: durationMs
    .prefault('0s')
    .describe('Pause between a node that is back and the next that is taken out'),
  failureBudget: z
    .int()
    .min(1)
    .default(1)
    .describe('Nodes that failed or are lost from which on the pool halts'),
  overdueAfter: longerThanZero
    .prefault('14d')
    .describe(
      'A node that has waited this long for its reboot goes before others, and people are told',
    ),
  waitingAfter: longerThanZero
    .prefault('3d')
    .describe('People are told when a node has waited this long for its reboot'),
  quietAfter,
  gates,
  labels: nodeLabels,
  taint: waitingTaint,
  retry: Retry.prefault({}).describe('What happens after a try that ended without a reboot'),
  drain: Drain.prefault({}).describe('How a node is emptied'),
  reboot: Reboot.prefault({}).describe('How a node is rebooted, and what is taken for its return'),
});

export const Policy = z
  .strictObject({
    scanEvery: longerThanZero.prefault('1m').describe('How often the fleet is looked over'),
    timeZone: timeZone.optional(),
    windows: windows.optional().describe('The windows of pools that have none of their own'),
    freezes: freezes.describe('Freezes of all pools'),
    awayTaints: awayTaints.default([...AWAY_TAINTS]),
    pools: z
      .array(Pool, 'write a list of pools')
      .min(1, 'write at least one pool')
      .max(MOST_POOLS, `write at most ${MOST_POOLS} pools`)
      .describe('The pools of nodes; each has a budget, windows and a lock of its own'),
    notifications,
  })
  .superRefine(({ pools }: { pools?: unknown }, context) => {
    for (const { path, message } of poolProblems(pools)) {
      context.addIssue({ code: 'custom', path: ['pools', ...path], message });
    }
  }, whenObject)
  .superRefine((policy, context) => {
    const isRead = readableIn(context.issues);
    for (const { path, message } of [
      ...windowProblems(policy, isRead),
      ...notificationProblems(policy),
    ]) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  }, whenObject);

/** What is refused already, or has something inside that is, cannot be reckoned with. */
function readableIn(issues: readonly z.core.$ZodRawIssue[]): IsRead {
  const known = issues.map(({ code, path = [] }) => ({ code, path }));
  return (...path) =>
    !known.some(
      (issue) =>
        // A key too many says nothing about those beside it.
        begins(issue.path, path) ||
        (issue.code !== 'unrecognized_keys' && begins(path, issue.path)),
    );
}

const begins = (path: readonly PropertyKey[], start: readonly PropertyKey[]): boolean =>
  start.every((key, at) => path[at] === key);

export type Policy = z.infer<typeof Policy>;
export type PoolPolicy = Policy['pools'][number];

/** Each problem as "path: rule", all of them at once; `whole` names what has no path. */
export function problemsOf(error: z.ZodError, whole = '(whole file)'): string[] {
  return error.issues.map((issue) => `${pathOf(issue.path) || whole}: ${issue.message}`);
}

/** A place in the policy as people write it: pools[0].windows[1].cron; empty for the whole. */
export function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/**
 * What is in force where no file has been good yet: no pool, so that no node is begun with; what is under way is finished
 * by the defaults below.
 */
export const NO_POLICY: Policy = {
  ...Policy.parse({ pools: [{ name: 'none', nodes: 'none' }] }),
  pools: [],
};

/** What holds for a node on its way back whose pool has left the policy meanwhile. */
export const REBOOT_DEFAULTS = Reboot.parse({});
export const RETRY_DEFAULTS = Retry.parse({});

export type PoolChoice =
  | { readonly kind: 'pool'; readonly pool: PoolPolicy }
  | { readonly kind: 'none'; readonly because: string };

/** Read once: it is asked of every node. */
const selectors = new WeakMap<PoolPolicy, ReturnType<typeof parseSelector>>();

/** Whether the pool's selector takes a node with these labels. */
export function isIn(pool: PoolPolicy, labels: Readonly<Record<string, string>>): boolean {
  const selects = selectors.get(pool) ?? parseSelector(pool.nodes);
  selectors.set(pool, selects);
  return selects?.(labels) === true;
}

/** The one pool a node belongs to. A node in no pool, or in two, belongs to none, and the reason says so. */
export function poolOf(policy: Policy, labels: Readonly<Record<string, string>>): PoolChoice {
  if (policy === NO_POLICY) return { kind: 'none', because: 'no policy is in force' };
  const matching = policy.pools.filter((pool) => isIn(pool, labels));
  const [pool, second] = matching;
  if (!pool) return { kind: 'none', because: 'its labels match the selector of no pool' };
  if (!second) return { kind: 'pool', pool };
  const names = matching.map(({ name }) => name).join(' and ');
  return { kind: 'none', because: `its labels match the selectors of several pools: ${names}` };
}
