import { Command } from 'commander';
import { fromKuredCommand } from './from-kured/command.ts';
import type { CheckOptions } from './policy-check.ts';
import { EXIT, type Terminal } from './terminal.ts';

const CHECK_HELP = `
Everything that is wrong is said at once on stderr, a line each, as the worker would say it:

  policy.yaml:14 pools[0].windows[1].cron: this cron never fires: write a day that exists (found "0 22 31 2 *")

Calendars in files are read and checked too; those at addresses are not asked. A warning is for what is allowed and hardly
meant, such as a window that never opens again.

Examples:
  npm run -s lockkeeper -- policy check policy.yaml
  npm run -s lockkeeper -- policy check staging.yaml production.yaml
  kubectl -n lockkeeper get configmap lockkeeper-policy -o jsonpath='{.data.policy\\.yaml}' | npm run -s lockkeeper -- policy check -

Exit codes:
  ${EXIT.ok}  all are good
  ${EXIT.failed}  one is refused or cannot be read; with --strict also for a warning
  ${EXIT.usage}  the command line is wrong`;

const SCHEMA_HELP = `
For editors, such as in the first line of a policy file:

  # yaml-language-server: $schema=policy.schema.json

Rules that no JSON Schema can say, such as a cron that never fires, are left to "policy check".

Example:
  npm run -s lockkeeper -- policy schema > policy.schema.json`;

/** Each makes one subcommand; a new one is added here. */
const COMMANDS: readonly ((terminal: Terminal) => Command)[] = [
  checkCommand,
  schemaCommand,
  (terminal) => fromKuredCommand(terminal),
];

/** `lockkeeper policy`: what can be done with a policy file. */
export function policyCommand(terminal: Terminal): Command {
  const group = new Command('policy').description('Checks, describes and makes policies.');
  for (const make of COMMANDS) group.addCommand(make(terminal));
  return group;
}

function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .description('Checks policy files.')
    .argument('<file...>', 'the files; - for stdin')
    .option('--strict', 'takes warnings for problems')
    .addHelpText('after', CHECK_HELP)
    .action(async (files: string[], options: CheckOptions) => {
      // The schemas are read only when they are needed.
      const { checkPolicies } = await import('./policy-check.ts');
      await checkPolicies(files, options, terminal);
    });
}

function schemaCommand(terminal: Terminal): Command {
  return new Command('schema')
    .description('Prints the JSON Schema of policies.')
    .addHelpText('after', SCHEMA_HELP)
    .action(async () => {
      const { policySchema } = await import('../domain/policy-schema.ts');
      terminal.out(`${JSON.stringify(policySchema(), undefined, 2)}\n`);
    });
}
