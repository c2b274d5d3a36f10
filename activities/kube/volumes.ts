import type { V1VolumeAttachment } from '@kubernetes/client-node';
import type { PodFacts } from '../../domain/pod-verdict.ts';
import { absent, asking, type KubeClient } from './client.ts';
import { listAll } from './collection.ts';
import { limited } from './request-limit.ts';

interface Question {
  readonly node: string;
  readonly staying: readonly PodFacts[];
  readonly signal: AbortSignal;
}

/**
 * The node's VolumeAttachments without those of the pods that stay. Told from who stays, not from who was evicted, so that a
 * drain that was interrupted knows as much. One request when no pod that stays has a claim.
 */
export async function volumesLeft(client: KubeClient, question: Question): Promise<string[]> {
  const attached = await attachedTo(client, question);
  if (attached.length === 0) return [];
  const kept = await volumesOf(client, question);
  return attached.filter((volume) => !kept.has(volume));
}

async function attachedTo({ storage }: KubeClient, { node, signal }: Question): Promise<string[]> {
  // The API server cannot select attachments by node.
  const { items } = await asking('listing volume attachments', () =>
    listAll(
      (page) => storage.listVolumeAttachment(page, limited(signal)),
      ({ metadata, spec }: V1VolumeAttachment) =>
        spec.nodeName === node ? [spec.source.persistentVolumeName ?? metadata?.name ?? ''] : [],
    ),
  );
  return items.flat();
}

async function volumesOf(
  { core }: KubeClient,
  { staying, signal }: Question,
): Promise<Set<string>> {
  const claims = staying.flatMap(({ namespace, claims }) =>
    claims.map((name) => ({ namespace, name })),
  );
  const volumes = new Set<string>();
  for (const claim of claims) {
    const found = await asking(`reading claim ${claim.namespace}/${claim.name}`, () =>
      core.readNamespacedPersistentVolumeClaim(claim, limited(signal)),
    ).catch(absent);
    if (found?.spec?.volumeName) volumes.add(found.spec.volumeName);
  }
  return volumes;
}
