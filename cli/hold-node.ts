import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { singleQuoted } from '../agent/command.ts';
import { answerOf, kubeClient, statusOf } from '../activities/kube/client.ts';
import { limited } from '../activities/kube/request-limit.ts';
import { ANNOTATION, readHold } from '../domain/node-contract.ts';
import { readKubeConfig } from './access.ts';
import type { HoldOptions } from './hold.ts';
import { CommandFailed, type Terminal } from './terminal.ts';

/** Writes the annotation, and says what is read from it. */
export async function hold(node: string, options: HoldOptions, terminal: Terminal): Promise<void> {
  const { reason, by, until, showCommands } = options;
  const ends = until === undefined ? '' : ` until=${new Date(until).toISOString()}`;
  const text = `${reason} (${by})${ends}`;
  if (showCommands) {
    terminal.out(
      `kubectl annotate --overwrite node ${node} ${ANNOTATION.hold}=${singleQuoted(text)}\n`,
    );
    return;
  }
  await annotate(node, text);
  const { reason: because = '', untilMs } = readHold(text) ?? {};
  const end =
    untilMs === undefined
      ? `until lockkeeper release-hold ${node}`
      : `until ${new Date(untilMs).toISOString()}`;
  terminal.out(`${node} is held ${end}: ${because}\n`);
}

/** Takes the annotation away, whether or not there is one. */
export async function releaseHold(
  node: string,
  { showCommands }: Pick<HoldOptions, 'showCommands'>,
  terminal: Terminal,
): Promise<void> {
  if (showCommands) {
    terminal.out(`kubectl annotate node ${node} ${ANNOTATION.hold}-\n`);
    return;
  }
  await annotate(node, null);
  terminal.out(`${node} is not held\n`);
}

async function annotate(name: string, text: string | null): Promise<void> {
  const { core } = kubeClient(readKubeConfig());
  const body = { metadata: { annotations: { [ANNOTATION.hold]: text } } };
  try {
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch, limited());
    await core.patchNode({ name, body }, merge);
  } catch (error) {
    if (statusOf(error) === 404) throw new CommandFailed([`there is no node named ${name}`]);
    throw new CommandFailed([answerOf(error)]);
  }
}
