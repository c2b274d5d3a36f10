import type { V1DaemonSet, V1DaemonSetStatus, V1Pod } from '@kubernetes/client-node';
import { formatDuration } from '../../domain/durations.ts';
import { isSilent } from '../../domain/fleet-counts.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { poolOf, type Policy } from '../../domain/policy.ts';
import type { Check } from './check.ts';
import type { Workloads } from './cluster.ts';
import { bad, good, many, warning, type Said } from './finding.ts';

/** The agents: what they report, and their pods. */

const group = 'Agents';

export const AGENT_CHECKS: readonly Check[] = [
  {
    group,
    name: 'reports',
    async look(world) {
      const [nodes, policy] = await Promise.all([world.nodes(), world.policy()]);
      return judgeReports(nodes, policy, { namespace: world.namespace, nowMs: world.nowMs() });
    },
  },
  {
    group,
    name: 'DaemonSet',
    look: async (world) => judgeAgents((await world.workloads()).agents, world.namespace),
  },
  { group, name: 'versions', look: async (world) => judgeImages(await world.workloads()) },
];

interface AsOf {
  readonly namespace: string;
  readonly nowMs: number;
}

/** Nodes without a report that says anything. It is bad where the policy has them rebooted: they never will be. */
export function judgeReports(
  nodes: readonly NodeFacts[],
  policy: Policy | undefined,
  { namespace, nowMs }: AsOf,
): Said[] {
  const isMeant = ({ labels }: NodeFacts): boolean =>
    policy === undefined || poolOf(policy, labels).kind === 'pool';
  const isQuiet = ({ report }: NodeFacts): boolean => isSilent(report?.heardAtMs ?? 0, nowMs);
  const wrong = nodes.flatMap((node) => {
    const { report } = node;
    if (isQuiet(node)) return [{ node, says: saySilent(node, nowMs) }];
    return report?.wants === 'unknown' ? [{ node, says: `cannot tell: ${report.message}` }] : [];
  });
  if (wrong.length === 0) {
    const asking = nodes.filter(({ report }) => report?.wants === 'required').length;
    return [good(`${many(nodes.length, 'node')} heard, ${asking} of them want a reboot`)];
  }
  return wrong.map(({ node, says }) => {
    const mend = `Look at the agent there:\nkubectl -n ${namespace} get pods -o wide -l app.kubernetes.io/component=agent --field-selector spec.nodeName=${node.name}`;
    return isMeant(node)
      ? bad(`${node.name} ${says}`, mend)
      : warning(`${node.name} ${says}`, mend);
  });
}

function saySilent({ report, ready }: NodeFacts, nowMs: number): string {
  const where = ready ? '' : ', and the node is NotReady';
  if (!report?.heardAtMs) return `has never been heard of by its agent${where}`;
  const { heardAtMs } = report;
  if (heardAtMs > nowMs) return `reports at ${new Date(heardAtMs).toISOString()}, ahead of now`;
  return `has not been heard of by its agent for ${formatDuration(nowMs - heardAtMs)}${where}`;
}

/** Whether the agents are where they should be, and of the latest template. */
export function judgeAgents(agents: V1DaemonSet | undefined, namespace: string): Said[] {
  if (!agents?.status) {
    const mend = 'Name the namespace with --namespace, or apply the manifests again.';
    return [bad(`there is no DaemonSet of agents in ${namespace}`, mend)];
  }
  const see = `kubectl -n ${namespace} rollout status daemonset/${agents.metadata?.name}`;
  return [judgeRollout(agents, agents.status, see)];
}

function judgeRollout(
  { metadata }: V1DaemonSet,
  { desiredNumberScheduled: wanted, numberReady, ...status }: V1DaemonSetStatus,
  see: string,
): Said {
  const { updatedNumberScheduled: updated = 0, observedGeneration } = status;
  if (wanted === 0) {
    const mend = `Look at its nodeSelector and tolerations:\n${see}`;
    return warning('no node is to have an agent', mend);
  }
  const of = `of ${many(wanted, 'agent')}`;
  if (numberReady < wanted) {
    return warning(`${numberReady} ${of} ready`, `Where that lasts, see which:\n${see}`);
  }
  if (updated < wanted || metadata?.generation !== observedGeneration) {
    return warning(`${updated} ${of} of the latest template`, `Wait for it:\n${see}`);
  }
  return good(`${many(numberReady, 'agent')} ready`);
}

/** Whether worker and agents are of the same release. */
export function judgeImages({ workerPods, agentPods }: Workloads): Said[] {
  const agents = versionsOf(agentPods, 'agent');
  const workers = versionsOf(workerPods, 'worker');
  if (agents.length === 0 || workers.length === 0) return [];
  const all = new Set([...agents, ...workers]);
  if (all.size === 1) return [good(`${[...all][0]} everywhere`)];
  const says = `worker ${workers.join(' and ')}, agents ${agents.join(' and ')}`;
  return [warning(says, 'Wait for the end of an upgrade, or upgrade both: docs/install.md')];
}

const versionsOf = (pods: readonly V1Pod[], container: string): string[] => [
  ...new Set(
    pods.flatMap(({ spec }) =>
      (spec?.containers ?? [])
        .filter(({ name }) => name === container)
        .map(({ image = '' }) => tagOf(image)),
    ),
  ),
];

/** The tag of an image, with its digest left out, which is another one for each image. */
function tagOf(image: string): string {
  const [name = ''] = image.split('@');
  return /:([^:/]+)$/.exec(name)?.[1] ?? 'latest';
}
