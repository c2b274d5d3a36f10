import { Command } from 'commander';
import { ACCESS_HELP, accessing } from '../access.ts';
import { EXIT, type Terminal } from '../terminal.ts';
import type { PlanOptions } from './run.ts';

const EXAMPLES = `
A dry run: what becomes of every node that wants a reboot if nothing comes in between. Time is let pass by the rules that
hold when it happens: windows and freezes, gates, maxUnavailable, zones, "after", pauses, halts. Nothing is changed. A rollout is
foretold to take the median of the pool's latest ones, where there are five, else what the policy allows.
What cannot be known beforehand: alerts and other gates still to come, how long pods take to leave, and what fails. Nodes whose gates
open at the same moment ask within the same second, so that their order among themselves is a guess.

The policy is that of --policy, else the file of LOCKKEEPER_POLICY, as in the worker's pod, else the ConfigMap in the cluster, by
--namespace and --config-map. The nodes are read as kubectl does.
${ACCESS_HELP}

Examples:
  npm run -s lockkeeper -- plan --temporal-pod lockkeeper-worker-0
  npm run -s lockkeeper -- plan workers --until 2027-03-02T06:00
  npm run -s lockkeeper -- plan --policy changed.yaml --json

With --json: {"atMs", "pools": [{"pool", "timeZone", "untilMs", "length": {"ms", "by"}, "needed": {"ms", "by"}, "nodes"}],
"inNoPool": [{"node", "because"}]}; "length" is what a rollout is foretold to take, "needed" what has to be left of its window.
Each of "nodes" has "node", "kind" and "inTime", and by its kind
  under-way     "place", "phase", "beginsMs" where that is known, "endsMs", "because" where something is in its way
  foretold      "place", "beginsMs" (the cordon), "endsMs" (back in service), "closesMs" of its opening where that closes,
                "because" where it does not come in an earlier one
  not-foretold  "because"
Times end in Ms and are milliseconds since 1970.

Exit codes:
  ${EXIT.ok}  every node that wants a reboot is foretold to have had it, with --until by then
  ${EXIT.failed}  it cannot be known: the policy is refused, or Temporal, a worker or the cluster does not answer
  ${EXIT.usage}  the command line is wrong
  ${EXIT.notAll}  not every node is; the table has their names`;

/** `lockkeeper plan`: what will happen, as far as that can be told beforehand. */
export function planCommand(terminal: Terminal): Command {
  return accessing(new Command('plan'))
    .description('Foretells which node is rebooted when, and what does not fit.')
    .argument('[pool]', 'only this pool (default: all)')
    .option('--policy <file>', 'a policy file in place of the one in force')
    .option('--config-map <name>', 'where the policy is in the cluster', 'lockkeeper-policy')
    .option('--until <time>', 'what is to be done by this day or time, such as 2027-03-02T06:00')
    .option('--json', 'one JSON object on stdout')
    .option('--show-commands', 'only print how to see the same with kubectl and temporal')
    .addHelpText('after', EXAMPLES)
    .action(async (pool: string | undefined, options: PlanOptions) => {
      // The clients are read only when they are needed.
      const { runPlan } = await import('./run.ts');
      await runPlan(pool, options, terminal);
    });
}
