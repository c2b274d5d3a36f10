import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from './kube.ts';

const DEPLOY_DIR = fileURLToPath(new URL('../../deploy/', import.meta.url));

/** Where a component of Lockkeeper runs, as its manifest says. */
export interface Component {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Selects its pods. */
  readonly labelSelector: string;
}

/** The manifests of `deploy/`, untouched, and what the lab reads in them. */
export interface Manifests {
  readonly objects: readonly KubeObject[];
  readonly agent: Component;
  readonly worker: Component;
}

interface Workload extends KubeObject {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly spec: { readonly serviceAccountName?: string } };
  };
}

/** Reads every object of the plain manifests; a file that is not YAML is named. */
export async function readManifests(dir = DEPLOY_DIR): Promise<Manifests> {
  const files = (await readdir(dir)).filter((file) => file.endsWith('.yaml')).toSorted();
  const objects = (await Promise.all(files.map((file) => readObjects(join(dir, file))))).flat();
  return {
    objects,
    agent: componentOf(objects, 'DaemonSet', 'agent'),
    worker: componentOf(objects, 'Deployment', 'worker'),
  };
}

/** The objects of one file. */
export async function readObjects(path: string): Promise<KubeObject[]> {
  const documents = parseAllDocuments(await readFile(path, 'utf8'));
  return [...documents].flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new Error(`${path}: ${error.message}`);
    const object = document.toJS() as KubeObject | null;
    // A kustomization is an instruction for kubectl, not an object of the cluster.
    return object === null || object.kind === 'Kustomization' ? [] : [object];
  });
}

function componentOf(objects: readonly KubeObject[], kind: string, component: string): Component {
  const found = objects.find(
    (object) =>
      object.kind === kind && object.metadata.labels?.['app.kubernetes.io/component'] === component,
  ) as Workload | undefined;
  if (!found) throw new Error(`deploy/ has no ${kind} of the component ${component}`);
  const { selector, template } = found.spec;
  return {
    namespace: found.metadata.namespace ?? 'default',
    serviceAccount: template.spec.serviceAccountName ?? 'default',
    labelSelector: Object.entries(selector.matchLabels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  };
}
