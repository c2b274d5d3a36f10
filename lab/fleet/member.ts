import { mkdir } from 'node:fs/promises';
import { present } from '../../domain/present.ts';
import type { ClusterFacts } from '../cluster/contract.ts';
import { powerOff, powerOn } from '../cluster/machine.ts';
import { agentLogsDir, agentSpec } from './agent-bundle.ts';
import type { Container } from './container.ts';
import type { Fault } from './fault.ts';
import { keepProcess, type KeptContext, type KeptProcess } from './kept-process.ts';
import { createMachine, type Machine } from './machine.ts';
import { createNodeFiles, nodeFiles } from './node-files.ts';

/** What stands behind one Node object: its machine, and the agent on it. */
export interface Member {
  readonly machine: Machine;
  readonly agent: KeptProcess;
}

export interface MemberSpec {
  readonly node: string;
  /** Of the boot it is created in. */
  readonly bootId: string;
  readonly downForMs: number;
  readonly fault: Fault;
  /** Of its agent. */
  readonly container: Container;
  /** False: nothing is started on the machine when it comes up. */
  readonly withAgent: boolean;
}

/** Lays out the files of the machine; the machine counts as up, and its agent is not started yet. */
export async function createMember(
  cluster: ClusterFacts,
  context: KeptContext,
  { node, bootId, downForMs, fault, container, withAgent }: MemberSpec,
): Promise<Member> {
  const files = nodeFiles(cluster.dir, node);
  await createNodeFiles(files, bootId);
  await mkdir(agentLogsDir(cluster), { recursive: true });
  const agent = keepProcess(agentSpec(cluster, { node, files, container }), context);
  const machine = createMachine({
    node,
    files,
    downForMs,
    fault,
    power: {
      off: (signal) => powerOff(cluster, node, signal),
      on: (next, signal) => powerOn(cluster, node, { signal, ...present({ bootId: next }) }),
    },
    agent: {
      kill: () => agent.kill(),
      start: async () => (withAgent ? agent.start() : undefined),
    },
    log: context.log,
  });
  return { machine, agent };
}
