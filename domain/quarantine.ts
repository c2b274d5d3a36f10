import type { NodeFacts } from './node-facts.ts';

/**
 * Why another reboot of the node would only go round in circles; undefined when it may help. A quarantine of an earlier boot is
 * over, and one that cannot be read waits for a person.
 */
export function quarantineReason(
  node: Pick<NodeFacts, 'quarantine' | 'report' | 'attempts' | 'bootId'>,
): string | undefined {
  const { quarantine, bootId } = node;
  if (!quarantine) return survivedReason(node);
  if (!quarantine.ok) return `the quarantine annotation cannot be read: ${quarantine.because}`;
  return quarantine.value.bootId === bootId ? quarantine.value.because : survivedReason(node);
}

/**
 * An agent that was silent for long after its reboot says only then that the sentinel is still there: without a pause since
 * before that reboot, by the host's own clock.
 */
function survivedReason({
  report,
  attempts,
}: Pick<NodeFacts, 'report' | 'attempts'>): string | undefined {
  const bootedAtMs = attempts?.reboots.at(-1);
  if (bootedAtMs === undefined || report?.sinceMs === undefined) return undefined;
  if (report.wants !== 'required' || report.sinceMs >= bootedAtMs) return undefined;
  const since = new Date(report.sinceMs).toISOString();
  return `its sentinel survived the reboot of ${new Date(bootedAtMs).toISOString()}: it has been there since ${since}; the node is rebooted again once it has been gone`;
}
