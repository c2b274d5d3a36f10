import { V1MicroTime, type CoreV1Event } from '@kubernetes/client-node';
import type { KubeClient } from '../activities/kube/client.ts';
import { eventMessage } from '../activities/kube/event-message.ts';
import { limited } from '../activities/kube/request-limit.ts';
import { present } from '../domain/present.ts';

/** The pod that the worker runs in. */
export interface OwnPod {
  readonly name: string;
  readonly namespace: string;
  /** Without it `kubectl describe pod` does not show the Event; `kubectl get events` does. */
  readonly uid?: string;
}

/** Tells on the worker's own pod what concerns no node. */
export interface PolicyEvents {
  /** Never rejects: a lost Event changes nothing. */
  refused(because: string): Promise<void>;
}

/** Outside a cluster nobody is told. */
export function eventsOf(
  { core }: Pick<KubeClient, 'core'>,
  pod: OwnPod | undefined,
): PolicyEvents {
  return {
    async refused(because) {
      if (pod === undefined) return;
      const body = refusal(pod, eventMessage(because));
      await core
        .createNamespacedEvent({ namespace: pod.namespace, body }, limited())
        .catch(() => undefined);
    },
  };
}

function refusal({ name, namespace, uid }: OwnPod, message: string): CoreV1Event {
  return {
    metadata: { generateName: `${name}.`, namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace, ...present({ uid }) },
    reason: 'PolicyRefused',
    message,
    type: 'Warning',
    action: 'PolicyRefused',
    eventTime: new V1MicroTime(),
    reportingComponent: 'lockkeeper',
    reportingInstance: name,
  };
}
