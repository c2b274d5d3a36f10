import { rolloutId } from '../domain/names.ts';
import type { Tools } from './tools/contract.ts';
import type { Lab } from './lab.ts';

/** The scan runs every few seconds: without the filter its runs bury the rollouts. */
const ROLLOUTS = '/namespaces/default/workflows?query=WorkflowType%3D%22nodeRollout%22';

/** Addresses and three commands to try, for the person in front of the lab. */
export function welcome(lab: Lab, tools: Tools, path: string): string[] {
  const { cluster, fleet } = lab;
  const node = fleet.nodes.at(-1) ?? '';
  const temporal = `${commandFor(tools.temporal, path)} workflow`;
  const address = `--address ${cluster.temporalAddress}`;
  const id = rolloutId(node);
  return [
    '',
    ...(cluster.webUiUrl === undefined
      ? []
      : [`  Temporal Web UI  ${cluster.webUiUrl}${ROLLOUTS}`]),
    `  Temporal         ${cluster.temporalAddress}`,
    `  Kubernetes       export KUBECONFIG=${cluster.kubeconfigPath}`,
    `  Policy           ${lab.policyPath}`,
    `  Logs             ${cluster.logsDir}`,
    '',
    `  Try: let ${node} ask for a reboot, or start its rollout by hand, or make it pause`,
    `    touch ${fleet.machine(node).files.sentinel}`,
    `    ${temporal} start --type nodeRollout --task-queue lockkeeper --workflow-id ${id} --input '{"node":"${node}","evenIfNotRequired":true}' ${address}`,
    `    ${temporal} signal --workflow-id ${id} --name pause --input '{"reason":"lunch"}' ${address}`,
    `  Or let something go wrong, from a second terminal (npm run lab -- --help)`,
    `    npm run lab -- fault ${node}=never-returns --dir ${cluster.dir}`,
    `    npm run lab -- stop worker --dir ${cluster.dir}`,
    '',
  ];
}

/** The bare name where a shell would find the same program by it. */
function commandFor(program: string, path: string): string {
  const cut = program.lastIndexOf('/');
  const [folder, name] = [program.slice(0, cut), program.slice(cut + 1)];
  return path.split(':').includes(folder) ? name : program;
}
