import {
  readKuredLock,
  type KuredLockLook,
  type KuredLockRules,
} from '../../domain/gates/kured-lock.ts';
import { kindOf } from '../failure.ts';
import { asking, statusOf, type KubeClient } from '../kube/client.ts';
import { limited } from '../kube/request-limit.ts';
import { SharedLooks } from './shared-looks.ts';

/** What kured says of its lock. */
export interface KuredLocks {
  /** Rejects only while the API server is away, as every other look at the cluster does. */
  look(rules: KuredLockRules, maxAgeMs: number): Promise<KuredLockLook>;
}

/** The KuredLocks of a real API server. */
export function kuredLocks(client: Pick<KubeClient, 'apps'>): KuredLocks {
  const looks = new SharedLooks<KuredLockLook>();
  return {
    look: (rules, maxAgeMs) =>
      looks.at(JSON.stringify(rules), maxAgeMs, () => readLock(client, rules)),
  };
}

async function readLock(
  { apps }: Pick<KubeClient, 'apps'>,
  { namespace, daemonSet: name, annotation }: KuredLockRules,
): Promise<KuredLockLook> {
  try {
    const { metadata } = await asking(`reading DaemonSet ${namespace}/${name}`, () =>
      apps.readNamespacedDaemonSet({ namespace, name }, limited()),
    );
    return readKuredLock(metadata?.annotations?.[annotation], Date.now());
  } catch (error) {
    // A wrong name must not open the gate; once kured is gone, the key is taken out of the policy.
    if (statusOf(error) === 404) {
      const because = 'there is no such DaemonSet; take gates.kuredLock out of the policy';
      return { kind: 'unknown', because: `${because} once kured is gone` };
    }
    if (kindOf(error) !== 'kube-forbidden') throw error;
    return { kind: 'unknown', because: error instanceof Error ? error.message : String(error) };
  }
}
