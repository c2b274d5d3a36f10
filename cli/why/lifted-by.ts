import type { GateName } from '../../domain/gates/names.ts';

/** Who or what opens a gate that is closed. What skips it, where that may be, is said beside it. */
export const LIFTED_BY: Readonly<Record<GateName, string>> = {
  required: 'the node, when it wants a reboot; lockkeeper start --even-if-not-required',
  agent: 'the agent on the node, when it reports again',
  hold: 'its end, or lockkeeper release-hold',
  window: 'time, the policy, or lockkeeper window open POOL --for 2h',
  alerts: 'whoever ends or silences the alert, or the policy',
  blockingPods: 'whoever owns the pods, when they are gone',
  budgets: 'whoever owns the budget or its pods',
  jobs: 'the Jobs, when they are done',
  kuredLock: 'kured, when it gives its lock back',
  owner: 'the other rollout, when it ends',
  quarantine: 'whoever finds out why the sentinel survives, and removes it',
  rest: 'time, or lockkeeper retry',
  pool: 'the policy, or the labels of the node',
  node: 'whoever is taking the node away',
};
