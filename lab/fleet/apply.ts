import { KubeError, type Kube, type KubeObject } from './kube.ts';

const FIELD_MANAGER = 'lockkeeper-lab';

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/**
 * Server-side apply of objects as they are, as `kubectl apply --server-side` does: what others stand on
 * (namespaces, definitions, priority classes) first, the rest side by side. Applying again changes nothing; with `dryRun`
 * nothing is changed at all, and only the server's word counts. Answers with the objects as the server then has them.
 */
export async function applyObjects(
  kube: Kube,
  objects: readonly KubeObject[],
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<KubeObject[]> {
  const pathOf = resourcePaths(kube);
  // A field that Kubernetes does not know is refused, not dropped.
  const how = `fieldManager=${FIELD_MANAGER}&force=true&fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;
  const apply = async (object: KubeObject) => {
    const path = `${await pathOf(object)}?${how}`;
    return applyOne(() => kube.patch<KubeObject>(path, 'apply', object));
  };
  const first = objects.filter(isGround);
  const then = objects.filter((object) => !isGround(object));
  return [...(await Promise.all(first.map(apply))), ...(await Promise.all(then.map(apply)))];
}

/** Deletes them, the last first, as `kubectl delete` does without waiting; what is not there any more is no news. */
export async function deleteObjects(kube: Kube, objects: readonly KubeObject[]): Promise<void> {
  const pathOf = resourcePaths(kube);
  for (const object of objects.toReversed()) {
    await kube.delete(await pathOf(object)).catch((error: unknown) => {
      if (!(error instanceof KubeError) || error.status !== 404) throw error;
    });
  }
}

/** Two who apply the same new object in the same moment: one of them is told of a conflict, and may simply ask again. */
async function applyOne<T>(apply: () => Promise<T>): Promise<T> {
  try {
    return await apply();
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 409) throw error;
    return await apply();
  }
}

function isGround({ kind }: KubeObject): boolean {
  return ['Namespace', 'CustomResourceDefinition', 'PriorityClass'].includes(kind);
}

/** Where an object lives, by the API server's own discovery, asked once per group and version. */
function resourcePaths(kube: Kube): (object: KubeObject) => Promise<string> {
  const asked = new Map<string, Promise<ResourceList>>();
  return async ({ apiVersion, kind, metadata }) => {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const list = asked.get(base) ?? kube.get<ResourceList>(base);
    asked.set(base, list);
    const resource = (await list).resources.find(
      (candidate) => candidate.kind === kind && !candidate.name.includes('/'),
    );
    if (!resource) throw new Error(`the API server has no ${kind} in ${apiVersion}`);
    const place = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
    return `${base}${place}/${resource.name}/${metadata.name}`;
  };
}
