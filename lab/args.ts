import { Command } from 'commander';
import { DURATION, parseDuration } from '../domain/durations.ts';
import { present } from '../domain/present.ts';
import { FAULTS_WRITTEN, readFault, type Fault } from './fleet/fault.ts';
import { NODE_NAMES, nodeName } from './fleet/nodes.ts';
import { parseWith, readCount, type Parsed, type Tell } from './program.ts';

/** Everything a person can choose about a lab, checked. */
export interface LabArgs {
  readonly nodes: number;
  /** How many of the nodes ask for a reboot at once. */
  readonly reboot: number;
  readonly podsPerNode: number;
  readonly downForMs: number;
  readonly faults: ReadonlyMap<string, Fault>;
  readonly once: boolean;
  readonly json: boolean;
  readonly keep: boolean;
  /** Absent: a new directory of its own. */
  readonly dir?: string;
  readonly temporal: 'development' | 'embedded';
  readonly uiPort?: number;
  readonly deadlineMs?: number;
}

const EXAMPLES = `
Examples:
  npm run lab                                            four nodes, three of them ask for a reboot
  npm run lab -- --nodes 10 --reboot 10 --down-for 2s    a whole pool, quickly
  npm run lab -- --fault worker-2=never-returns          see a pool halt
  npm run -s lab -- --once --json                        for scripts: one JSON object on stdout, then the end
                                                         (-s: npm itself says nothing there)

Faults: never-returns, same-boot-id, late:DURATION, flaps:DURATION, sentinel-stays, none.

From a second terminal, while a lab runs in the first (with --dir where that has one):
  npm run lab -- fault worker-2=never-returns            from its next reboot on
  npm run lab -- power-on worker-2                       a machine that is away comes back
  npm run lab -- stop worker                             or: start worker, stop temporal, start temporal

Exit codes:
  0  stopped by Ctrl-C; with --once: every asked node was rebooted exactly once, no other was,
     and all are as schedulable as before; in either case no guarantee was seen broken
  1  something went wrong, and a line on stderr says what
  2  an option is wrong
  130  stopped by Ctrl-C before all was up, or before --once was done`;

const MAX_NODES = 500;

/** Reads the command line; tells of every wrong value at once. */
export function parseLabArgs(argv: readonly string[]): Parsed<LabArgs> {
  return parseWith(labCommand(), argv, check);
}

function labCommand(): Command {
  return new Command('npm run lab --')
    .description(
      'A whole cluster on this machine: a real Kubernetes control plane, Temporal, and simulated nodes that ask for a reboot.',
    )
    .option('--nodes <count>', `nodes of the cluster, 1 to ${MAX_NODES}`, '4')
    .option(
      '--reboot <count>',
      'nodes that ask for a reboot (default: 3, or all when there are fewer)',
    )
    .option('--pods-per-node <count>', 'pods of the budgeted Deployment per node', '2')
    .option('--down-for <duration>', 'how long a rebooting machine is away', '5s')
    .option(
      '--fault <node=fault>',
      'what a machine does instead of rebooting well; may be repeated',
      (value: string, all: readonly string[] | undefined) => [...(all ?? []), value],
    )
    .option(
      '--temporal <which>',
      'development; or embedded: the server that the chart brings along, and its Web UI',
      'development',
    )
    .option('--once', 'end when all asked nodes are back')
    .option('--json', 'with --once: one JSON object on stdout')
    .option('--deadline <duration>', 'with --once: give up after this long (default: by the work)')
    .option('--keep', "keep the lab's directory")
    .option('--dir <path>', 'use this directory, which must be empty or new')
    .option('--ui-port <port>', "the port of Temporal's Web UI (default: a free one)")
    .addHelpText('after', EXAMPLES);
}

interface Raw {
  readonly nodes: string;
  readonly reboot?: string;
  readonly podsPerNode: string;
  readonly downFor: string;
  readonly fault?: readonly string[];
  readonly temporal: string;
  readonly once?: true;
  readonly json?: true;
  readonly deadline?: string;
  readonly keep?: true;
  readonly dir?: string;
  readonly uiPort?: string;
}

function check(raw: Raw, tell: Tell): LabArgs {
  const { once = false, json = false, keep = false } = raw;
  if (json && !once) tell('--json', 'only together with --once');
  if (raw.deadline !== undefined && !once) tell('--deadline', 'only together with --once');
  if (raw.dir === '') tell('--dir', 'write the path of a directory');
  const temporal = checkTemporal(tell, raw);
  return { ...checkSizes(tell, raw), ...checkPlaces(tell, raw), temporal, once, json, keep };
}

function checkTemporal(tell: Tell, { temporal }: Raw): LabArgs['temporal'] {
  if (temporal === 'embedded') return temporal;
  if (temporal !== 'development') tell('--temporal', 'write development or embedded');
  return 'development';
}

function checkSizes(tell: Tell, raw: Raw) {
  const nodes = readCount(tell, '--nodes', raw.nodes, [1, MAX_NODES]);
  const known = nodes ?? MAX_NODES;
  return {
    nodes: known,
    reboot:
      raw.reboot === undefined
        ? Math.min(3, known)
        : (readCount(tell, '--reboot', raw.reboot, [0, known]) ?? 0),
    podsPerNode: readCount(tell, '--pods-per-node', raw.podsPerNode, [0, 100]) ?? 0,
    downForMs: duration(tell, '--down-for', raw.downFor),
    faults: faultsOf(tell, raw.fault ?? [], known),
  };
}

function checkPlaces(tell: Tell, { dir, uiPort, deadline }: Raw) {
  const port = uiPort === undefined ? undefined : readCount(tell, '--ui-port', uiPort, [1, 65_535]);
  return {
    ...present({
      dir,
      uiPort: port,
      deadlineMs: deadline === undefined ? undefined : duration(tell, '--deadline', deadline),
    }),
  };
}

function duration(tell: Tell, option: string, text: string): number {
  if (DURATION.test(text)) return parseDuration(text);
  tell(option, `write a duration like 500ms, 5s or 2m, not "${text}"`);
  return 0;
}

function faultsOf(tell: Tell, texts: readonly string[], nodes: number): Map<string, Fault> {
  const faults = new Map<string, Fault>();
  for (const text of texts) {
    const [node = '', ...rest] = text.split('=');
    const fault = readFault(rest.join('='));
    const number = Number(NODE_NAMES.exec(node)?.[1]);
    if (!(number >= 1 && number <= nodes))
      tell('--fault', `"${node}" is not a node of this lab (${nodeName(1)} to ${nodeName(nodes)})`);
    else if (fault === undefined)
      tell('--fault', `write NODE= and one of ${FAULTS_WRITTEN}, not "${text}"`);
    else faults.set(node, fault);
  }
  return faults;
}
