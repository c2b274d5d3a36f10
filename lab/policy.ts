import { stringify } from 'yaml';
import type { z } from 'zod';
import type { Policy } from '../domain/policy.ts';
import { present } from '../domain/present.ts';
import { POOL_LABEL } from './fleet/nodes.ts';

/** The policy of a lab: one pool of all nodes, always open, with times for people who watch. */
function labPolicy(downForMs: number): z.input<typeof Policy> {
  // A machine that is late by a usual fault is lost for a while and then comes back.
  const returnWithin = `${Math.ceil(downForMs / 1_000) + 30}s`;
  return {
    scanEvery: '5s',
    pools: [
      {
        name: 'workers',
        nodes: `${POOL_LABEL.key}=${POOL_LABEL.value}`,
        maxUnavailable: 1,
        windows: [{ always: true }],
        // Kubernetes counts an eviction that was cut off for two minutes: whoever kills the worker is to see the drain go on.
        drain: { timeout: '5m' },
        retry: { pause: '10s', longest: '1m' },
        // Here nodes are rebooted again and again on purpose.
        reboot: { orderExpires: '30s', returnWithin, stableFor: '2s', perDay: 1_000 },
      },
    ],
  };
}

/** Where the worker of a lab finds the address of its Slack. */
export const SLACK_VARIABLE = 'SLACK_WEBHOOK_URL';

/** The policy as the file that the worker reads; `slack`: what happens is told to the lab's Slack. */
export function policyText(downForMs: number, told: 'nobody' | 'slack' = 'nobody'): string {
  const notifications = told === 'slack' ? [{ slack: `\${${SLACK_VARIABLE}}` }] : undefined;
  const policy = { ...labPolicy(downForMs), ...present({ notifications }) };
  return `# Change it while the lab runs: the worker reads it again.\n${stringify(policy)}`;
}
