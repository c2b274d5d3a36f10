import type { Scan } from '../../activities/scan.ts';
import { policyWarnings } from '../../domain/policy-warnings.ts';
import { shortList } from '../../domain/short-list.ts';
import type { Check } from './check.ts';
import { bad, good, unknown, warning, type Said } from './finding.ts';
import { calendarsOf, type PolicyFound } from './policy-found.ts';

/** The policy: as it is written, and what each worker goes by. */

const group = 'Policy';

export const POLICY_CHECKS: readonly Check[] = [
  {
    group,
    name: 'as written',
    look: async (world) => judgeWritten(await world.policyFound(), world.nowMs()),
  },
  {
    group,
    name: 'in force',
    async look(world) {
      const found = await world.policyFound().catch(() => undefined);
      return judgeInForce(await world.scans(), found);
    },
  },
];

const CHECK_IT =
  'Mend it; before it is applied again, check it:\nlockkeeper policy check policy.yaml';

/** As `lockkeeper policy check` does. */
export function judgeWritten(found: PolicyFound, nowMs: number): Said[] {
  const { where, read } = found;
  if ('problems' in read) {
    return read.problems.map((problem) => bad(`refused: ${problem}`, CHECK_IT));
  }
  const warnings = policyWarnings(read.policy, { nowMs, calendars: calendarsOf(found) });
  if (warnings.length > 0) {
    return warnings.map(({ path, message }) =>
      warning(read.say(path, message), 'Change it, if that is not meant.'),
    );
  }
  const names = read.policy.pools.map(({ name }) => name);
  return [good(`${where}: ${names.length === 1 ? 'pool' : 'pools'} ${shortList(names)}`)];
}

/** What each worker has said at its latest scan. */
export function judgeInForce(scans: readonly Scan[], found: PolicyFound | undefined): Said[] {
  if (scans.length === 0) {
    return [unknown('no scan has ended lately, so no worker has said what it goes by')];
  }
  const refused = scans.flatMap(judgeRefusal);
  const inForce = scans.filter(({ noPolicy }) => !noPolicy);
  const hashes = [...new Set(inForce.map(({ policy }) => policy))];
  if (hashes.length > 1) {
    const each = inForce.map(({ worker = 'a worker', policy }) => `${policy} at ${worker}`);
    return [
      ...refused,
      warning(
        `the workers go by different ones: ${each.join(', ')}`,
        'Wait a minute, until the kubelets have brought the ConfigMap. A worker that keeps the other one is restarted, or has refused it.',
      ),
    ];
  }
  if (refused.length > 0) return refused;
  const [hash = ''] = hashes;
  if (found && found.hash !== hash) {
    return [
      warning(
        `${hash} is in force, and not what is written in the ${found.where}, ${found.hash}`,
        'Wait a minute and a scan, until the kubelet has brought the change. If it stays: does the worker mount another ConfigMap?',
      ),
    ];
  }
  return [good(`${hash}, at ${shortList(scans.map(({ worker = 'a worker' }) => worker))}`)];
}

function judgeRefusal({ worker = 'a worker', refused = [], noPolicy }: Scan): Said[] {
  if (refused.length === 0) return [];
  const before = noPolicy ? 'has no policy: it refuses' : 'goes by the one before: it refuses';
  return [bad(`${worker} ${before} ${refused.join('; ')}`, CHECK_IT)];
}
