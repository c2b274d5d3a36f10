import { formatDuration } from '../../domain/durations.ts';
import { SKIPPABLE } from '../../domain/gates/names.ts';
import { sayPhase } from '../../domain/phases.ts';
import { columns, wrapped } from '../columns.ts';
import { paint, type Style } from '../paint.ts';
import { sayLooks } from '../status/print.ts';
import { LIFTED_BY } from './lifted-by.ts';
import type { GateSeen, WhySeen } from './seen.ts';

/** Why one node is rebooted or is not, for people. */
export function printWhy(seen: WhySeen, width: number): string {
  const paragraphs = [
    sayStanding(seen).flatMap((line) => wrapped(line, width)),
    seen.gates ? tableOfGates(seen.gates, seen, width) : [],
    [sayNode(seen)].flatMap((line) => wrapped(line, width)),
    sayFormer(seen, width),
  ];
  return paragraphs
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n').trimEnd()}\n`)
    .join('\n');
}

function sayStanding({ node, rollout, reasons, leftAlone, scannedMs, atMs }: WhySeen): string[] {
  if (!rollout)
    return [
      paint('strong', `no rollout of ${node} is running`),
      ...sayScan(leftAlone, scannedMs, atMs),
    ];
  const { status, because, startedMs } = rollout;
  if (!status)
    return [`${node}: ${because}; its rollout runs for ${formatDuration(atMs - startedMs)}`];
  const { phase, pool } = status;
  const where = paint('strong', sayPhase(phase.at, node));
  const said = because === '' ? reasons.map((reason) => reason.because) : because.split('; ');
  return [
    `${where}, for ${formatDuration(atMs - phase.sinceMs)}${pool === '' ? '' : `, in pool ${pool}`}${sayLooks(rollout, atMs)}`,
    ...said.map((words) => `- ${words}`),
  ];
}

function sayScan(
  leftAlone: string | undefined,
  scannedMs: number | undefined,
  atMs: number,
): string[] {
  if (scannedMs === undefined)
    return ['no scan has ended lately: nobody looks whether it wants one'];
  const when = `the latest scan ${formatDuration(atMs - scannedMs)} ago`;
  return [
    leftAlone === undefined
      ? `${when} has found no reason for one`
      : `${when} has left it alone: ${leftAlone}`,
  ];
}

const STYLES: Record<GateSeen['state'], Style> = {
  open: 'good',
  closed: 'bad',
  skipped: 'warning',
};

/** The closed ones with all there is to know, and the rest in a line. */
function tableOfGates(
  gates: readonly GateSeen[],
  { node, atMs }: WhySeen,
  width: number,
): string[] {
  const shut = gates.filter(({ state }) => state !== 'open');
  const open = gates.filter(({ state }) => state === 'open').map(({ gate }) => gate);
  const rows = shut.map(({ gate, state, because = '', sinceMs = atMs }) => [
    gate,
    paint(STYLES[state], state),
    formatDuration(atMs - sinceMs),
    `${because}${state === 'closed' ? `; lifted by ${sayLift(gate, node)}` : ''}`,
  ]);
  const table =
    rows.length === 0 ? [] : [columns([['GATE', 'STATE', 'FOR', 'WHY'], ...rows], width).trimEnd()];
  return [...table, ...wrapped(`open: ${open.join(', ')}`, width)];
}

function sayLift(gate: GateSeen['gate'], node: string): string {
  const skip = SKIPPABLE.some((known) => known === gate)
    ? `, or lockkeeper skip ${node} ${gate}`
    : '';
  return `${LIFTED_BY[gate]}${skip}`;
}

function sayNode({ onNode, node, atMs }: WhySeen): string {
  if (typeof onNode === 'string') return `the node itself: ${onNode}`;
  const { ready, unschedulable, report, hold } = onNode;
  const heard = report
    ? `its agent says ${report.wants} (${report.message}), ${formatDuration(Math.max(0, atMs - report.heardAtMs))} ago`
    : 'its agent has never reported';
  const state = [ready ? 'Ready' : 'not Ready', ...(unschedulable ? ['cordoned'] : [])].join(', ');
  return `the node itself: ${state}; ${heard}${hold ? `; held: ${hold.reason}` : ''}; kubectl describe node ${node}`;
}

function sayFormer({ former }: WhySeen, width: number): string[] {
  if (former.length === 0) return ['no rollout of it has ended that Temporal still knows'];
  const rows = former.map(({ endedMs, startedMs, outcome, because = '' }) => [
    new Date(endedMs).toISOString().slice(0, 16).replace('T', ' '),
    outcome,
    formatDuration(endedMs - startedMs),
    because,
  ]);
  return [columns([['ENDED (UTC)', 'OUTCOME', 'AFTER', 'BECAUSE'], ...rows], width).trimEnd()];
}
