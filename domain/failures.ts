/**
 * Every way an activity fails, and whether trying the same again can help. A closed list: the kind is the
 * failure's type in workflow history, in logs and in metrics.
 */
export const FAILURES = {
  /** The workflow's input breaks a rule; the message has the path and the rule. */
  'bad-input': { retry: false },
  'no-such-node': { retry: false },
  /** The node is in no pool of the policy, or in more than one. */
  'no-pool': { retry: false },
  /** Expected: something to wait for. The message is the reason. */
  'gate-closed': { retry: true },
  /** Expected: the pool has no room for another node out of service. The message is the reason. */
  'no-room': { retry: true },
  'kube-unavailable': { retry: true },
  /** A role can be mended while we wait, and the message names what is missing. */
  'kube-forbidden': { retry: true },
  /** The API server does not take what we send. Shown and tried again: an admission rule can be mended while we wait. */
  'kube-rejected': { retry: true },
  /** Somebody changes the node so often that no conditional update gets through. */
  'node-busy': { retry: true },
  'drain-timed-out': { retry: false },
  /** Somebody lifted our cordon in mid-rollout: their word counts. */
  'cordon-lost': { retry: false },
  /** The Node object was deleted in mid-rollout. */
  'node-gone': { retry: false },
  /** Another rollout has taken the node. */
  'not-ours': { retry: false },
  /** The node carries the mark of an earlier run of the same rollout, as after a reset: the rollout starts over from what it sees. */
  'run-changed': { retry: false },
  'order-refused': { retry: false },
  'agent-silent': { retry: false },
  'temporal-unavailable': { retry: true },
  /** A receiver of notifications did not take one. */
  'not-delivered': { retry: true },
} as const satisfies Record<string, { retry: boolean }>;

export type FailureKind = keyof typeof FAILURES;
