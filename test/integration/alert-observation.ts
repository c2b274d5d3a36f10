import { tmpdir } from 'node:os';
import { HttpAlertSource } from '../../activities/gates/alert-source.ts';
import { secretsOf } from '../../activities/secrets.ts';
import type { AlertObservation } from '../../domain/gates/alert-samples.ts';
import { Policy } from '../../domain/policy.ts';
import type { Rule } from './monitoring.ts';

/** Alerts of every kind: those that kured's users ignore, one of a node, one of what is missing, one that waits, one that never comes. */
export const RULES: readonly Rule[] = [
  { alert: 'Watchdog', expr: 'vector(1)' },
  { alert: 'RebootRequired', expr: 'vector(1)', labels: { node: 'n2' } },
  { alert: 'KubeNodeNotReady', expr: 'vector(1)', labels: { severity: 'critical', node: 'n1' } },
  { alert: 'Missing', expr: 'absent(no_such_metric)', labels: { severity: 'info' } },
  { alert: 'DiskFull', expr: 'vector(1)', for: '1h', labels: { severity: 'critical' } },
  { alert: 'Never', expr: 'vector(0) > 0' },
];
export const FIRING = ['KubeNodeNotReady', 'Missing', 'RebootRequired', 'Watchdog'];

/** A policy with these alerts, as they are written. */
export const policyWith = (alerts: object): Policy =>
  Policy.parse({ pools: [{ name: 'workers', nodes: 'a=b', gates: { alerts } }] });

/** What the gate sees, by alerts as they are written, asked anew. */
export async function lookAt(
  alerts: object,
  environment: NodeJS.ProcessEnv = {},
): Promise<AlertObservation> {
  const [rules] = policyWith({ deadline: '5s', ...alerts }).pools[0]?.gates.alerts ?? [];
  if (!rules) throw new Error('the policy has no alerts');
  return await new HttpAlertSource(secretsOf(environment, [tmpdir()])).observe(rules, 0);
}
