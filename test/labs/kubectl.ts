import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Cluster } from '../../lab/cluster/contract.ts';
import { applyObjects, deleteObjects } from '../../lab/fleet/apply.ts';
import { connectKube } from '../../lab/fleet/kube.ts';
import { readObjects } from '../../lab/fleet/manifests.ts';
import { onPath } from '../../lab/tools/find.ts';

const run = promisify(execFile);
const README = new URL('../../README.md', import.meta.url);

/** The commands of the README's section on installing, word by word; throws when it has none such. */
export function installCommands(): string[][] {
  const [, section = ''] = /\n## Install\n([\s\S]*?)\n## /.exec(readFileSync(README, 'utf8')) ?? [];
  const [, block = ''] = /```sh\n([\s\S]*?)```/.exec(section) ?? [];
  if (!block.includes('helm install')) throw new Error('the README installs without Helm');
  return block
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/));
}

/** `kubectl`, as an administrator of the cluster; where this machine has none, the few commands that the documents name. */
export class Kubectl {
  private readonly cluster: Cluster;
  private readonly env: NodeJS.ProcessEnv;
  private readonly program: string | undefined;

  private constructor(program: string | undefined, cluster: Cluster, home: string) {
    this.program = program;
    this.cluster = cluster;
    const { kubeconfigPath } = cluster;
    this.env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: kubeconfigPath };
  }

  static async of(cluster: Cluster, home: string): Promise<Kubectl> {
    return new Kubectl(await onPath('kubectl'), cluster, home);
  }

  async run(args: readonly string[]): Promise<void> {
    if (this.program === undefined) await this.standIn(args);
    else await run(this.program, args, { env: this.env });
  }

  private async standIn(args: readonly string[]): Promise<void> {
    const kube = connectKube(this.cluster, this.cluster.adminToken);
    const [verb, what = '', name = '', word = ''] = args;
    const namespaces = '/api/v1/namespaces';
    try {
      switch (`${verb} ${what}`) {
        case 'create namespace':
          await kube.post(namespaces, {
            apiVersion: 'v1',
            kind: 'Namespace',
            metadata: { name },
          });
          return;
        case 'label namespace': {
          const [key = '', value = ''] = word.split('=');
          await kube.patch(`${namespaces}/${name}`, 'merge', {
            metadata: { labels: { [key]: value } },
          });
          return;
        }
        case 'apply -f':
          await applyObjects(kube, await readObjects(name));
          return;
        case 'delete --ignore-not-found':
          await deleteObjects(kube, await readObjects(word));
          return;
        default:
          throw new Error(`without kubectl there is no "kubectl ${args.join(' ')}"`);
      }
    } finally {
      kube.close();
    }
  }
}
