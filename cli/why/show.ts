import { rolloutId } from '../../domain/names.ts';
import { withTemporal } from '../access.ts';
import type { Terminal } from '../terminal.ts';
import type { WhyOptions } from './command.ts';
import { gatherWhy } from './gather.ts';
import { printWhy } from './print.ts';

/** Looks and prints; whatever is in the way is a CommandFailed. */
export async function showWhy(
  node: string,
  options: WhyOptions,
  terminal: Terminal,
): Promise<void> {
  if (options.showCommands) {
    const id = rolloutId(node);
    terminal.out(
      [
        `temporal workflow query --type status --workflow-id ${id}`,
        `temporal workflow describe --workflow-id ${id}`,
        `temporal workflow list --query 'WorkflowId="${id}"'`,
        `kubectl describe node ${node}`,
        '',
      ].join('\n'),
    );
    return;
  }
  const seen = await withTemporal(options, (client) => gatherWhy(client, node, terminal.nowMs()));
  terminal.out(
    options.json ? `${JSON.stringify(seen, undefined, 2)}\n` : printWhy(seen, terminal.width),
  );
}
