import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { Account } from './account.ts';
import type { Container, SecurityContext } from './container.ts';
import type { KubeObject } from './kube.ts';

const MANIFESTS = fileURLToPath(new URL('../../deploy/lockkeeper.yaml', import.meta.url));

/** Where a component of Lockkeeper runs, as its manifest says. */
export interface Component extends Account {
  /** Selects its pods. */
  readonly labelSelector: string;
  /** The one container of its pods. */
  readonly container: Container;
}

/** The objects of an installation, untouched, and what the lab reads in them. */
export interface Manifests {
  readonly objects: readonly KubeObject[];
  readonly agent: Component;
  readonly worker: Component;
}

/** What a workload makes its pods of. */
export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly priorityClassName?: string;
  readonly hostPID?: boolean;
  readonly securityContext?: SecurityContext;
  readonly volumes?: readonly { readonly hostPath: { readonly path: string } }[];
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly spec: PodSpec };
  };
}

/** The pods of the one workload of this kind; throws when there is none. */
export function podSpecOf(objects: readonly KubeObject[], kind: string): PodSpec {
  const found = objects.find((object) => object.kind === kind) as Workload | undefined;
  if (!found) throw new Error(`there is no ${kind}`);
  return found.spec.template.spec;
}

/** What `kubectl apply -f deploy/lockkeeper.yaml` would apply. */
export async function readManifests(): Promise<Manifests> {
  return manifestsOf(await readObjects(MANIFESTS));
}

/** What the lab reads in these objects; throws when the agent or the worker is not among them. */
export function manifestsOf(objects: readonly KubeObject[]): Manifests {
  return {
    objects,
    agent: componentOf(objects, 'DaemonSet', 'agent'),
    // With a Temporal of its own in its pod, or with one elsewhere.
    worker: componentOf(objects, 'StatefulSet|Deployment', 'worker'),
  };
}

/** The objects of one file; one that is not YAML is named. */
export async function readObjects(path: string): Promise<KubeObject[]> {
  return parseObjects(await readFile(path, 'utf8'), path);
}

/** The objects in a text of YAML; `name` is what an error calls it. */
export function parseObjects(text: string, name: string): KubeObject[] {
  return [...parseAllDocuments(text)].flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new Error(`${name}: ${error.message}`);
    const object = document.toJS() as KubeObject | null;
    return object === null ? [] : [object];
  });
}

function componentOf(objects: readonly KubeObject[], kinds: string, component: string): Component {
  const found = objects.find(
    (object) =>
      kinds.split('|').includes(object.kind) &&
      object.metadata.labels?.['app.kubernetes.io/component'] === component,
  ) as Workload | undefined;
  if (!found) throw new Error(`there is no ${kinds} of the component ${component}`);
  const { selector, template } = found.spec;
  const [container] = template.spec.containers;
  if (!container)
    throw new Error(`the ${found.kind} of the component ${component} has no container`);
  return {
    namespace: found.metadata.namespace ?? 'default',
    serviceAccount: template.spec.serviceAccountName ?? 'default',
    labelSelector: Object.entries(selector.matchLabels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    container,
  };
}
