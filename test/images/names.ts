/** What is waited for is there within this, also on a machine that has much to do. */
export const PATIENCE_MS = 120_000;

/** The node that is rebooted. */
export const NODE = 'worker-1';

/** Names of this run's containers, in the order in which they are removed. */
export const NAMES = {
  agent: `lockkeeper-test-agent-${process.pid}`,
  worker: `lockkeeper-test-worker-${process.pid}`,
  temporal: `lockkeeper-test-temporal-${process.pid}`,
  ui: `lockkeeper-test-ui-${process.pid}`,
  /** The init container of the worker's pod. */
  database: `lockkeeper-test-database-${process.pid}`,
  /** Process 1 of the machine. */
  init: `lockkeeper-test-init-${process.pid}`,
} as const;
