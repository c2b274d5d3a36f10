import { Command } from 'commander';
import { fileText, stdinText } from '../files.ts';
import { EXIT, type Terminal } from '../terminal.ts';

const EXAMPLES = `
Takes kured's DaemonSet, several of them (YAML documents or a List), a values file of its Helm chart, or what installs the
chart: a HelmRelease (Flux), a HelmChart (k3s) or an Application (Argo CD).
Comments at the head of the policy say what has to be set elsewhere, what could not be carried over, and why; what nobody
should miss is said on stderr as well. Secrets are never repeated. docs/migrating-from-kured.md has every option.

Examples:
  kubectl -n kube-system get daemonset kured -o yaml | npm run -s lockkeeper -- policy from-kured > policy.yaml
  npm run -s lockkeeper -- policy from-kured values.yaml > policy.yaml

Exit codes:
  ${EXIT.ok}  converted, also where an option is unknown: warnings on stderr name it
  ${EXIT.failed}  the input is something else, only a part, or cannot be read; stderr says what to give
  ${EXIT.usage}  the command line is wrong`;

/** `lockkeeper policy from-kured`: a policy on stdout from what kured was told. `input` reads stdin to its end. */
export function fromKuredCommand(
  terminal: Terminal,
  input: () => Promise<string> = readStdin(terminal),
): Command {
  return new Command('from-kured')
    .description('Makes a policy of what kured was told.')
    .argument('[file]', 'a file to read in place of stdin')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined) => {
      const given = file === undefined ? await input() : fileText(file);
      // The schemas are read only when they are needed.
      const { fromKured } = await import('./from-kured.ts');
      const { yaml, warnings } = fromKured(given);
      for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
      terminal.out(yaml);
    });
}

function readStdin(terminal: Terminal): () => Promise<string> {
  return async () => {
    if (process.stdin.isTTY) terminal.err("reading kured's DaemonSet here; end with Ctrl-D\n");
    return await stdinText();
  };
}
