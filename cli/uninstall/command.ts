import { Command, Option } from 'commander';
import { isDuration, parseDuration } from '../../domain/durations.ts';
import { EXIT, wrongOption, type Terminal } from '../terminal.ts';
import type { UninstallCommandOptions } from './run.ts';

const EXAMPLES = `
Stops new rollouts, aborts those under way and waits for them: before the reboot a node is handed back as it was, after
it the return is finished. Then takes away the schedule, the locks, the agents, and every annotation and condition of
Lockkeeper on the nodes. Workers, roles and the rest are for helm or kubectl to delete; the chart runs this by itself.
It may be interrupted and repeated. Search attributes and closed histories stay in Temporal.

Reaches Temporal in the pod of the worker, as kubectl port-forward does, or, without --temporal-pod, one of your own by the
variables and the file of the temporal CLI; Kubernetes as kubectl does. Needs the workers to be running, for they are who ends
the rollouts; where the worker's pod never starts, --no-temporal.

Examples:
  npm run -s lockkeeper -- uninstall --dry-run --temporal-pod lockkeeper-worker-0
  npm run -s lockkeeper -- uninstall --temporal-pod lockkeeper-worker-0 && kubectl delete --ignore-not-found -f deploy/lockkeeper.yaml

Exit codes:
  ${EXIT.ok}  nothing of Lockkeeper is left on any node
  ${EXIT.failed}  rollouts did not end in time, or Temporal or the cluster refused; stderr says what
  ${EXIT.usage}  an option is wrong`;

/** `lockkeeper uninstall`: leaves no trace on nodes and in Temporal. */
export function uninstallCommand(terminal: Terminal): Command {
  return new Command('uninstall')
    .description('Ends what is under way and takes away what is written on the nodes.')
    .option('--namespace <name>', 'where the agents are', 'lockkeeper')
    .option('--agent <name>', 'their DaemonSet', 'lockkeeper-agent')
    .addOption(
      new Option('--timeout <duration>', 'longest wait for rollouts under way')
        .default(900_000, '15m')
        .argParser(readTimeout),
    )
    .option('--force', 'then end those that are still under way as they are')
    .option('--temporal-pod <name>', 'the pod of the worker with a Temporal of its own in it')
    .option('--no-temporal', 'only the cluster, where Temporal is gone for good')
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', EXAMPLES)
    .action(async (options: UninstallCommandOptions) => {
      // The clients are read only when they are needed.
      const { runUninstall } = await import('./run.ts');
      await runUninstall(options, terminal);
    });
}

function readTimeout(text: string): number {
  if (isDuration(text)) return parseDuration(text);
  throw wrongOption('--timeout', `write a duration like 30s or 15m, not "${text}"`);
}
