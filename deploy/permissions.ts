import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KubeObject } from '../lab/fleet/kube.ts';

/** Permissions as "group/resource: verb", the group left out where it is the core; each once, sorted. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Role extends KubeObject {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** What the roles of a component give. */
export function permissionsOf(objects: readonly KubeObject[], component: string): string[] {
  const roles = objects.filter(
    ({ kind, metadata }) =>
      (kind === 'ClusterRole' || kind === 'Role') &&
      metadata.labels?.['app.kubernetes.io/component'] === component,
  ) as Role[];
  return once(
    roles
      .flatMap(({ rules }) => rules)
      .flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) => verbs.map((verb) => say(group, resource, verb))),
        ),
      ),
  );
}

/** The groups of the clients in activities/kube/client.ts. */
const GROUPS: Readonly<Record<string, string>> = {
  core: '',
  apps: 'apps',
  policy: 'policy',
  storage: 'storage.k8s.io',
};
/** Everything the typed clients can do begins with one of these words. */
const CALL =
  /\b(core|apps|policy|storage)\s*\.\s*((?:read|list|patch|replace|create|delete|connect)[A-Z]\w*)\(/g;
const VERBS: Readonly<Record<string, string>> = { read: 'get' };
/** The parts of an object that are resources of their own; "DaemonSet" ends on none of them. */
const METHOD =
  /^(read|list|patch|create|delete)(?:Namespaced)?([A-Z]\w*?)(Status|Eviction)?(?:ForAllNamespaces)?$/;

/** What the code asks of the API server: every call of the typed clients, and every watch by its path. */
export async function usedPermissions(glob: string): Promise<string[]> {
  const paths = globSync(glob, { cwd: ROOT }).filter((path) => !/\.test\.ts$|testing\//.test(path));
  const texts = await Promise.all(paths.map((path) => readFile(join(ROOT, path), 'utf8')));
  const text = texts.join('\n');
  const calls = [...text.matchAll(CALL)];
  const watches = [...text.matchAll(/\.watch\(\s*'\/api\/v1\/(\w+)'/g)];
  return once([
    ...calls.map(([, client = '', method = '']) => permissionFor(client, method)),
    ...watches.map(([, resource = '']) => say('', resource, 'watch')),
  ]);
}

function permissionFor(client: string, method: string): string {
  const [, how = '', kind = '', part] = METHOD.exec(method) ?? [];
  if (how === '') throw new Error(`${client}.${method} is of a form this does not know`);
  const resource = `${kind.toLowerCase()}s${part ? `/${part.toLowerCase()}` : ''}`;
  return say(GROUPS[client] ?? client, resource, VERBS[how] ?? how);
}

const say = (group: string, resource: string, verb: string): string =>
  `${group === '' ? '' : `${group}/`}${resource}: ${verb}`;

const once = (permissions: readonly string[]): string[] => [...new Set(permissions)].toSorted();
