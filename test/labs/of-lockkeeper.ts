import type { Kube, KubeObject } from '../../lab/fleet/kube.ts';

/** Every object that bears our label, of all kinds the API server has. */
export async function ofLockkeeper(kube: Kube): Promise<string[]> {
  interface Group {
    readonly preferredVersion: { readonly groupVersion: string };
  }
  interface Resource {
    readonly name: string;
    readonly verbs: readonly string[];
  }
  const { groups } = await kube.get<{ groups: readonly Group[] }>('/apis');
  const bases = [
    '/api/v1',
    ...groups.map((group) => `/apis/${group.preferredVersion.groupVersion}`),
  ];
  const found: string[] = [];
  for (const base of bases) {
    const { resources } = await kube.get<{ resources: readonly Resource[] }>(base);
    const listed = resources.filter(
      ({ name, verbs }) => verbs.includes('list') && name !== 'events',
    );
    for (const { name } of listed) {
      const selector = 'labelSelector=app.kubernetes.io/name=lockkeeper';
      const { items } = await kube.get<{ items: readonly KubeObject[] }>(
        `${base}/${name}?${selector}`,
      );
      // Pods end by themselves, and in their own time.
      if (name !== 'pods') found.push(...items.map(({ metadata }) => `${name}/${metadata.name}`));
    }
  }
  return found;
}
