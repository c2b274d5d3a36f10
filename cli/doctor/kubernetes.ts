import type {
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
} from '@kubernetes/client-node';
import { answerOf } from '../../activities/kube/client.ts';
import type { Check } from './check.ts';
import { releaseOf, soon, type Cluster } from './cluster.ts';
import { bad, good, unknown, type Said } from './finding.ts';
import type { World } from './world.ts';

/** The API server, and what bounds the tokens of worker and agents there. */

const group = 'Kubernetes';

export const KUBERNETES_CHECKS: readonly Check[] = [
  { group, name: 'reached', look: reached },
  {
    group,
    name: 'admission',
    async look(world) {
      const release = releaseOf(await world.workloads());
      return judgeAdmission(release, await admissionOf(await world.cluster()));
    },
  },
];

async function reached(world: World): Promise<Said[]> {
  try {
    return judgeKubernetes((await world.kubernetes()).version);
  } catch (error) {
    return [
      bad(
        `it cannot be asked: ${answerOf(error)}`,
        'Name the cluster as for kubectl, and try it:\nkubectl version',
      ),
    ];
  }
}

/** The first that says in an agent's token which node its pod is on (kubeVersion of the chart). */
export const OLDEST_MINOR = 30;

export function judgeKubernetes(version: string): Said[] {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (minor === undefined) return [unknown(`it does not say which it is ("${version}")`)];
  if (Number(major) > 1 || Number(minor) >= OLDEST_MINOR) return [good(version)];
  const says = `${version} does not say in a token which node an agent is on: every agent is refused`;
  return [bad(says, `Upgrade it to 1.${OLDEST_MINOR} or newer.`)];
}

interface Admission {
  readonly policies: readonly V1ValidatingAdmissionPolicy[];
  readonly bindings: readonly V1ValidatingAdmissionPolicyBinding[];
}

async function admissionOf({ admission }: Cluster): Promise<Admission> {
  const [policies, bindings] = await Promise.all([
    admission.listValidatingAdmissionPolicy({}, soon()),
    admission.listValidatingAdmissionPolicyBinding({}, soon()),
  ]);
  return { policies: policies.items, bindings: bindings.items };
}

const BOUND = {
  agent: 'whoever has the token of an agent may change every Node',
  worker: 'whoever has the token of the worker may change everything on every Node',
  kubelet: 'whoever has taken over a machine may write what is ours on its Node',
} as const;

/** Whether each of them is there, and bound so that it denies. */
export function judgeAdmission(release: string, { policies, bindings }: Admission): Said[] {
  const found = Object.entries(BOUND).flatMap(([component, because]) => {
    const name = `${release}-${component}`;
    const policy = policies.find(({ metadata }) => metadata?.name === name);
    const binding = bindings.find(({ spec }) => spec?.policyName === name);
    const what = wrongWith(policy, binding);
    return what === undefined ? [] : [bad(`${name} ${what}: ${because}`, APPLY)];
  });
  return found.length > 0
    ? found
    : [good('the policies for agents, worker and kubelets are in force')];
}

const APPLY = 'Apply the manifests again: helm upgrade, or kubectl apply -f deploy/lockkeeper.yaml';

function wrongWith(
  policy: V1ValidatingAdmissionPolicy | undefined,
  binding: V1ValidatingAdmissionPolicyBinding | undefined,
): string | undefined {
  if (!policy) return 'is missing';
  if (!binding) return 'is not bound';
  if (!binding.spec?.validationActions?.includes('Deny')) return 'denies nothing';
  const { matchResources, paramRef } = binding.spec;
  if (matchResources !== undefined || paramRef !== undefined) return 'is bound to a part only';
  return policy.spec?.failurePolicy === 'Ignore' ? 'lets through what it cannot judge' : undefined;
}
