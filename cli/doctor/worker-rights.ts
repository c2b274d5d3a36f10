/** One verb on one kind of thing; a subresource is written as roles write it, `nodes/status`. */
export type Right = readonly [group: string, resource: string, verb: string];

/** What the code of the worker asks for; a test holds it to the roles of the chart. */
export const WORKER_RIGHTS: readonly Right[] = [
  ['apps', 'daemonsets', 'get'],
  ['batch', 'jobs', 'list'],
  ['', 'events', 'create'],
  ['', 'nodes/status', 'patch'],
  ['', 'nodes', 'get'],
  ['', 'nodes', 'list'],
  ['', 'nodes', 'patch'],
  ['', 'nodes', 'watch'],
  ['', 'persistentvolumeclaims', 'get'],
  ['', 'pods/eviction', 'create'],
  ['', 'pods', 'list'],
  ['', 'pods', 'watch'],
  ['policy', 'poddisruptionbudgets', 'list'],
  ['storage.k8s.io', 'volumeattachments', 'list'],
];

/** Only where a pool's policy deletes what it cannot evict. */
export const DELETE_PODS: Right = ['', 'pods', 'delete'];

/** As the documentation has it. */
export const sayRight = ([group, resource, verb]: Right): string =>
  `${group === '' ? '' : `${group}/`}${resource}: ${verb}`;
