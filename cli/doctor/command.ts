import { Command } from 'commander';
import { accessing, ACCESS_HELP } from '../access.ts';
import { EXIT, type Terminal } from '../terminal.ts';
import type { DoctorOptions } from './doctor.ts';

const HELP = `
Looks at Temporal, the workers, the policy, the agents, rights, and whatever the policy names, as the worker reaches it.
What cannot be looked at keeps nothing else from being shown. Nothing is changed; one short workflow doctor/… asks the worker.
${ACCESS_HELP}
Kubernetes is reached as kubectl does it. The policy is the file that LOCKKEEPER_POLICY names, as it does in the worker's
pod, else the ConfigMap of the worker.

With --json: {"atMs", "findings": [{"group", "check", "verdict", "says", "mend"}]}; verdict is good, warning, bad or unknown;
mend is left out where there is nothing to do, and its lines after the first are commands.

Examples:
  npm run -s lockkeeper -- doctor
  npm run -s lockkeeper -- doctor --temporal-pod lockkeeper-worker-0
  npm run -s lockkeeper -- doctor --json

Exit codes:
  ${EXIT.ok}  nothing is bad; there may be warnings
  ${EXIT.failed}  something is bad
  ${EXIT.usage}  the command line is wrong`;

/** `lockkeeper doctor`: is it well, and if not, what is to be done. */
export function doctorCommand(terminal: Terminal): Command {
  return accessing(new Command('doctor'))
    .description('Looks for whatever is wrong with the installation, and says how to mend it.')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(async (options: DoctorOptions) => {
      // The clients are read only when they are needed.
      const { runDoctor } = await import('./doctor.ts');
      await runDoctor(options, terminal);
    });
}
