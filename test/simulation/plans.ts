import * as fc from 'fast-check';
import {
  NODE_TROUBLES,
  ROLLOUT_SIGNALS,
  STEPS,
  type AppPlan,
  type LabelsPlan,
  type NodePlan,
  type Plan,
  type PlannedEvent,
  type PolicyChange,
  type PoolPlan,
  type WorldEvent,
} from './plan.ts';
import { REBOOTS } from './world/machine.ts';
import { TROUBLES, type Service } from './world/weather.ts';

const S = 1_000;
const MIN = 60 * S;

/** Any of these, the first the simplest. */
const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const some = fc.nat({ max: 99 });
const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: oneOf(...others) },
  );

const lasting = oneOf(5 * S, 20 * S, 60 * S, 3 * MIN, 10 * MIN, 30 * MIN);

const labels = oneOf<LabelsPlan>('none', 'both', 'before');

const pool: fc.Arbitrary<PoolPlan> = fc.record({
  maxUnavailable: mostly<number | string>(1, 2, 3, '10%', '34%', '50%'),
  failureBudget: mostly(1, 2, 3),
  order: mostly<PoolPlan['order']>('fifo', 'zone'),
  pauseBetweenMs: mostly(0, 30 * S, 5 * MIN),
  afterFormer: mostly(false, true),
  drainTimeoutMs: oneOf(5 * MIN, 2 * MIN, 20 * MIN),
  drainDelayMs: mostly(0, 20 * S),
  onTimeout: mostly<PoolPlan['onTimeout']>('undo', 'delete'),
  rebootDelayMs: mostly(0, 20 * S, 2 * MIN),
  orderExpiresMs: oneOf(2 * MIN, 60 * S, 5 * MIN),
  returnWithinMs: oneOf(5 * MIN, 10 * MIN, 20 * MIN),
  stableForMs: oneOf(30 * S, 0, 60 * S),
  retryMs: oneOf(60 * S, 5 * MIN, 10 * MIN),
  labels,
  taint: fc.boolean(),
});

const node: fc.Arbitrary<NodePlan> = fc.record(
  {
    pool: fc.nat({ max: 2 }),
    zone: fc.nat({ max: 2 }),
    wantsAtMs: oneOf(0, 0, 30 * S, 2 * MIN, 10 * MIN, 40 * MIN),
    cordonedBefore: fc.oneof(
      { weight: 12, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    downForMs: oneOf(60 * S, 25 * S, 3 * MIN),
    reboots: fc.array(mostly<NodePlan['reboots'][number]>('well', ...REBOOTS), { maxLength: 3 }),
    skewMs: mostly(0, -20 * S, 20 * S),
  },
  { requiredKeys: ['pool', 'zone', 'cordonedBefore', 'downForMs', 'reboots', 'skewMs'] },
);

const app: fc.Arbitrary<AppPlan> = fc.record({
  replicas: oneOf(2, 1, 3, 6),
  spare: oneOf(1, -1, 2, 0),
  priority: mostly(0, 1_000, -10),
  stopsInMs: oneOf(1 * S, 10 * S, 25 * S),
  startsInMs: oneOf(2 * S, 20 * S, 90 * S),
  putsBack: mostly(false, true),
});

const input = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: fc.record({ reason: oneOf('a test', ''), by: oneOf('eve', 'adam') }) },
  {
    weight: 2,
    arbitrary: oneOf<unknown>(
      { for: '10m' },
      { for: 'soon' },
      { gate: 'rest' },
      { gate: 'hold' },
      { gate: 'window' },
      { gate: 'agent' },
      { gate: 'node' },
      { grantId: 'forged' },
      { place: 2, behind: 'nobody' },
      { blockers: [] },
    ),
  },
  { weight: 1, arbitrary: oneOf<unknown>('please', 7, true, [], [[]], { toString: 1 }) },
);

const policyChange: fc.Arbitrary<PolicyChange> = fc.oneof(
  fc.record({ maxUnavailable: oneOf<number | string>(1, 2, 3, '20%', '100%') }),
  fc.record({ failureBudget: oneOf(1, 2, 3) }),
  fc.record({ closedForMs: lasting }),
  fc.record({ goneForMs: lasting }),
  fc.record({ stableForMs: oneOf(0, 20 * S, 90 * S) }),
  fc.record({ labels }),
  fc.record({ taint: fc.boolean() }),
);

const weighted = (
  ...arms: readonly (readonly [number, fc.Arbitrary<WorldEvent>])[]
): fc.Arbitrary<WorldEvent> =>
  fc.oneof(...arms.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const worldEvent: fc.Arbitrary<WorldEvent> = weighted(
  [
    5,
    fc.record({
      kind: fc.constant('worker' as const),
      worker: some,
      how: oneOf('crash', 'crash', 'stop', 'freeze'),
      forMs: lasting,
    }),
  ],
  [
    5,
    fc.record(
      {
        kind: fc.constant('network' as const),
        service: oneOf<Service>('kube', 'temporal'),
        worker: some,
        trouble: oneOf(...TROUBLES),
        chance: oneOf(0.3, 0.7, 1),
        forMs: lasting,
      },
      { requiredKeys: ['kind', 'service', 'trouble', 'chance', 'forMs'] },
    ),
  ],
  [1, fc.record({ kind: fc.constant('temporal-down' as const), forMs: lasting })],
  [
    3,
    fc.record({
      kind: fc.constant('workflow' as const),
      node: some,
      how: oneOf('terminate', 'cancel', 'reset'),
      fraction: oneOf(0, 0.3, 0.6, 0.9, 1),
    }),
  ],
  [
    1,
    fc.record({
      kind: fc.constant('lock' as const),
      pool: some,
      how: oneOf('terminate', 'reset'),
      fraction: oneOf(0, 0.5, 1),
    }),
  ],
  [
    5,
    fc.record({
      kind: fc.constant('say' as const),
      node: some,
      signal: oneOf(...ROLLOUT_SIGNALS),
      input,
      times: mostly(1, 2, 3),
    }),
  ],
  [
    1,
    fc.record({
      kind: fc.constant('say-lock' as const),
      pool: some,
      signal: oneOf('pause' as const, 'resume' as const, 'recheck' as const),
      input,
    }),
  ],
  [
    1,
    fc.record({
      kind: fc.constant('start' as const),
      node: some,
      otherId: fc.boolean(),
      evenIfNotRequired: fc.boolean(),
    }),
  ],
  [
    8,
    fc.record({
      kind: fc.constant('node' as const),
      node: some,
      // Outages of single nodes are what a budget is for.
      how: oneOf(...NODE_TROUBLES, 'lose-kubelet', 'lose-kubelet'),
      forMs: lasting,
    }),
  ],
  [
    5,
    fc.record({
      kind: fc.constant('pods' as const),
      node: some,
      app: some,
      how: oneOf('stuck', 'denied', 'two-budgets', 'bare-pod', 'bare-pod'),
      forMs: lasting,
    }),
  ],
  [2, fc.record({ kind: fc.constant('policy' as const), pool: some, change: policyChange })],
);

const event: fc.Arbitrary<PlannedEvent> = fc.record({
  when: fc.oneof(
    // Most happen while the first nodes are under way.
    fc.record({ atMs: fc.nat({ max: 10 * MIN }) }),
    fc.record({ atMs: fc.nat({ max: 60 * MIN }) }),
    // What is done in one step is done within milliseconds.
    fc.record({
      node: some,
      step: oneOf(...STEPS),
      plusMs: oneOf(0, 10, 20, 40, 100, 1 * S, 5 * S, 30 * S, 2 * MIN),
    }),
  ),
  what: worldEvent,
});

const fleet = fc.oneof(
  { withCrossShrink: true },
  { weight: 70, arbitrary: fc.array(node, { minLength: 1, maxLength: 4 }) },
  { weight: 28, arbitrary: fc.array(node, { minLength: 3, maxLength: 9, size: 'max' }) },
  { weight: 2, arbitrary: fc.array(node, { minLength: 20, maxLength: 50, size: 'max' }) },
);

/** Every history there may be: a fleet of 1 to 50 nodes, its policy, its workloads, and what befalls them. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(),
  workers: oneOf(2, 1, 3),
  workersOnNodes: fc.boolean(),
  pollAgainMs: oneOf(60 * S, 30 * S, 5 * MIN),
  scanEveryMs: oneOf(60 * S, 30 * S),
  continueAsNewAt: oneOf(4_096, 60, 200),
  lateSignals: oneOf(
    { chance: 0, mostMs: 0 },
    { chance: 0.2, mostMs: 5 * S },
    { chance: 0.2, mostMs: 60 * S },
  ),
  pools: fc.array(pool, { minLength: 1, maxLength: 2 }),
  nodes: fleet,
  apps: fc.array(app, { maxLength: 3 }),
  troubleForMs: oneOf(30 * MIN, 90 * MIN),
  events: fc.array(event, { maxLength: 10, size: 'max' }),
});
