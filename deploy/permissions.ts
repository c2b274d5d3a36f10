import type { AuditRecord } from '../lab/cluster/contract.ts';
import type { KubeObject } from '../lab/fleet/kube.ts';

/** One verb on one kind of thing; subresources are written as roles write them, `nodes/status`. */
interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Absent: in all of them. */
  readonly namespace?: string | undefined;
  /** Absent: whatever its name. */
  readonly names?: readonly string[] | undefined;
}

interface Role extends KubeObject {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
}

/** What the roles of a component give. */
export function rightsOf(objects: readonly KubeObject[], component: string): Right[] {
  const roles = objects.filter(
    ({ kind, metadata }) =>
      (kind === 'ClusterRole' || kind === 'Role') &&
      metadata.labels?.['app.kubernetes.io/component'] === component,
  ) as Role[];
  return roles.flatMap(({ kind, metadata, rules }) => {
    const namespace = kind === 'Role' ? metadata.namespace : undefined;
    return rules.flatMap(({ apiGroups, resources, verbs, resourceNames: names }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => ({ group, resource, verb, namespace, names })),
        ),
      ),
    );
  });
}

/** Whether the right is what allows this request. */
export function covers(right: Right, { group, verb, ...asked }: AuditRecord): boolean {
  const resource =
    asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`;
  return (
    right.group === group &&
    right.resource === resource &&
    right.verb === verb &&
    (right.namespace ?? asked.namespace) === asked.namespace &&
    (right.names ?? [asked.name]).includes(asked.name)
  );
}

/** As the documentation has it: "group/resource: verb", the group left out where it is the core. */
export function sayRight({ group, resource, verb }: Omit<Right, 'namespace' | 'names'>): string {
  return `${group === '' ? '' : `${group}/`}${resource}: ${verb}`;
}

/** What the roles of a component give, in words: each once, sorted. */
export function permissionsOf(objects: readonly KubeObject[], component: string): string[] {
  return [...new Set(rightsOf(objects, component).map(sayRight))].toSorted();
}

/** From the table of a text, in the words of a right, sorted: a row has a resource with all its verbs. */
export function documentedPermissions(text: string, component: string): string[] {
  const row = new RegExp(`^\\| ${component} +\\| (\\S+) +\\| ([a-z, ]+?) +\\| *[^ |]`, 'gm');
  return [...text.matchAll(row)]
    .flatMap(([, what = '', verbs = '']) => verbs.split(', ').map((verb) => `${what}: ${verb}`))
    .toSorted();
}
