/** The workflow types, as Temporal knows them. */
export { checkUp } from './check-up.ts';
export { fleetScan } from './fleet-scan.ts';
export { notifier } from './notifier.ts';
export { nodeRollout } from './node-rollout.ts';
export { poolLock } from './pool-lock.ts';
