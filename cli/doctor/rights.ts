import type { V1ResourceAttributes } from '@kubernetes/client-node';
import type { Policy } from '../../domain/policy.ts';
import type { Check } from './check.ts';
import { releaseOf, soon, type Cluster } from './cluster.ts';
import { bad, good, unknown, type Said } from './finding.ts';
import { DELETE_PODS, sayRight, WORKER_RIGHTS, type Right } from './worker-rights.ts';
import type { World } from './world.ts';

/** Who may do what in the cluster. */

const group = 'Rights';

export const RIGHTS_CHECKS: readonly Check[] = [
  { group, name: 'of this command', look: ownRights },
  { group, name: 'of the worker', look: workerRights },
];

/** What the checks here ask for; `namespaced`: where Lockkeeper is. */
const OWN: readonly { readonly right: Right; readonly namespaced?: true }[] = [
  { right: ['', 'nodes', 'list'] },
  { right: ['apps', 'daemonsets', 'list'] },
  { right: ['admissionregistration.k8s.io', 'validatingadmissionpolicies', 'list'] },
  { right: ['admissionregistration.k8s.io', 'validatingadmissionpolicybindings', 'list'] },
  { right: ['authorization.k8s.io', 'subjectaccessreviews', 'create'] },
  { right: ['apps', 'deployments', 'list'], namespaced: true },
  { right: ['apps', 'statefulsets', 'list'], namespaced: true },
  { right: ['', 'pods', 'list'], namespaced: true },
  { right: ['', 'configmaps', 'get'], namespaced: true },
  { right: ['', 'persistentvolumeclaims', 'list'], namespaced: true },
];

async function ownRights(world: World): Promise<Said[]> {
  const cluster = await world.cluster();
  const me = await whoAmI(cluster);
  const allowed = await Promise.all(
    OWN.map(({ right, namespaced }) =>
      mayI(cluster, attributesOf(right, namespaced && world.namespace)),
    ),
  );
  return judgeOwn(
    me,
    OWN.filter((_, at) => !allowed[at]).map(({ right }) => right),
  );
}

/** What may not be looked at is not known. */
export function judgeOwn(me: string, missing: readonly Right[]): Said[] {
  if (missing.length === 0) return [good(`${me} may see all that is looked at`)];
  const words = missing.map(sayRight).join('; ');
  return [
    unknown(
      `${me} may not, so something is not looked at: ${words}`,
      'Run it as somebody who may read the cluster.',
    ),
  ];
}

async function workerRights(world: World): Promise<Said[]> {
  const [cluster, policy] = await Promise.all([world.cluster(), world.policy()]);
  const me = await whoAmI(cluster);
  const account = await accountOf(world, me);
  const rights = rightsFor(policy);
  const allowed = await Promise.all(
    rights.map((right) => mayAccount(cluster, { account, me }, right)),
  );
  return judgeWorker(
    account.name,
    rights.filter((_, at) => !allowed[at]),
  );
}

export const rightsFor = (policy: Policy | undefined): readonly Right[] =>
  policy?.pools.some(({ drain }) => drain.onTimeout === 'delete')
    ? [...WORKER_RIGHTS, DELETE_PODS]
    : WORKER_RIGHTS;

export function judgeWorker(account: string, missing: readonly Right[]): Said[] {
  if (missing.length === 0) return [good(`${account} may do all that it has to`)];
  return [
    bad(
      `${account} may not: ${missing.map(sayRight).join('; ')}`,
      'Apply the manifests again; docs/install.md, "Permissions", has what each is for.',
    ),
  ];
}

interface Account {
  readonly namespace: string;
  readonly name: string;
}

const userOf = ({ namespace, name }: Account): string =>
  `system:serviceaccount:${namespace}:${name}`;

/** The account of the worker: in its own pod, where nothing else may be seen, that is us. */
async function accountOf(world: World, me: string): Promise<Account> {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):(.+-worker)$/.exec(me) ?? [];
  if (namespace !== undefined && name !== undefined) return { namespace, name };
  const workloads = await world.workloads();
  const named = workloads.worker?.pod?.serviceAccountName;
  return { namespace: world.namespace, name: named ?? `${releaseOf(workloads)}-worker` };
}

async function whoAmI({ authentication }: Cluster): Promise<string> {
  const { status } = await authentication.createSelfSubjectReview({ body: {} }, soon());
  return status?.userInfo?.username ?? 'this user';
}

function attributesOf(
  [ofGroup, what, verb]: Right,
  namespace: string | undefined,
): V1ResourceAttributes {
  const [resource = '', subresource] = what.split('/');
  return {
    group: ofGroup,
    resource,
    verb,
    ...(subresource !== undefined && { subresource }),
    ...(namespace !== undefined && { namespace }),
  };
}

async function mayI(
  { authorization }: Cluster,
  resourceAttributes: V1ResourceAttributes,
): Promise<boolean> {
  const body = { spec: { resourceAttributes } };
  const { status } = await authorization.createSelfSubjectAccessReview({ body }, soon());
  return status?.allowed === true;
}

async function mayAccount(
  cluster: Cluster,
  { account, me }: { readonly account: Account; readonly me: string },
  right: Right,
): Promise<boolean> {
  // Where Kubernetes keeps the Events of Nodes; whatever else it is about is in no namespace, or in all of them.
  const resourceAttributes = attributesOf(right, right[1] === 'events' ? 'default' : undefined);
  const user = userOf(account);
  if (user === me) return await mayI(cluster, resourceAttributes);
  const groups = ['', `:${account.namespace}`].map((which) => `system:serviceaccounts${which}`);
  const spec = { user, groups: [...groups, 'system:authenticated'], resourceAttributes };
  const { status } = await cluster.authorization.createSubjectAccessReview(
    { body: { spec } },
    soon(),
  );
  return status?.allowed === true;
}
