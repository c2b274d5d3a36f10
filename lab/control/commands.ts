import { FAULTS_WRITTEN, readFault, type Fault } from '../fleet/fault.ts';
import type { Lab } from '../lab.ts';

/** What a second terminal tells a lab that runs. */
export type LabCommand =
  | { readonly verb: 'fault'; readonly node: string; readonly fault: Fault }
  | { readonly verb: 'power-on'; readonly node: string }
  | { readonly verb: 'stop' | 'start'; readonly process: 'worker' | 'temporal' };

export const VERBS = ['fault', 'power-on', 'stop', 'start'] as const;
export type Verb = (typeof VERBS)[number];

/** What was written, understood; or the rule that it breaks. Only the lab knows whether it has such a node. */
export function readCommand(verb: string, what: string): LabCommand | { readonly rule: string } {
  switch (verb) {
    case 'fault':
      return readNodeFault(what);
    case 'power-on':
      return { verb, node: what };
    case 'stop':
    case 'start':
      if (what === 'worker' || what === 'temporal') return { verb, process: what };
      return { rule: `write worker or temporal, not "${what}"` };
    default:
      return { rule: `write one of ${VERBS.join(', ')}` };
  }
}

function readNodeFault(what: string): ReturnType<typeof readCommand> {
  const [, node = '', written = ''] = /^([^=]+)=(.*)$/.exec(what) ?? [];
  const fault = readFault(written);
  if (fault) return { verb: 'fault', node, fault };
  return { rule: `write NODE= and one of ${FAULTS_WRITTEN}, not "${what}"` };
}

/** Does it, and says what was done; rejects in words where it cannot be done. */
export async function obey(
  { fleet, worker, cluster }: Pick<Lab, 'fleet' | 'worker' | 'cluster'>,
  command: LabCommand,
): Promise<string> {
  if ('process' in command) {
    const { verb, process } = command;
    if (process === 'worker') await worker[verb]();
    else await (verb === 'stop' ? cluster.kill('temporal') : cluster.start('temporal'));
    return verb === 'stop' ? `${process} is stopped, until start ${process}` : `${process} runs`;
  }
  const { node } = command;
  const { nodes } = fleet;
  if (!nodes.includes(node)) {
    throw new Error(`"${node}" is not a node of this lab (${nodes.at(0)} to ${nodes.at(-1)})`);
  }
  const machine = fleet.machine(node);
  if (command.verb === 'fault') {
    machine.setFault(command.fault);
    return `${node}: ${command.fault.kind}, from its next reboot on`;
  }
  if (machine.powerOn()) return `${node} is powered on`;
  throw new Error(`${node} is not away`);
}
