import { formatDuration } from '../../domain/durations.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { present } from '../../domain/present.ts';
import { shortList } from '../../domain/short-list.ts';
import type { Check } from './check.ts';
import type { Reading } from './cluster.ts';
import { good, unknown, warning, type Said } from './finding.ts';
import type { World } from './world.ts';

/** Whether the clocks agree: windows, expiries and silences are judged by several. */

export const CLOCK_CHECKS: readonly Check[] = [
  { group: 'Clocks', name: 'agree', look: async (world) => judgeClocks(await clocksOf(world)) },
];

/** What is known of them; somebody may be away. */
export interface Clocks {
  readonly nowMs: number;
  readonly readings: Readonly<Record<string, Reading | undefined>>;
  /** Absent: not known. */
  readonly nodes?: readonly NodeFacts[];
}

async function clocksOf(world: World): Promise<Clocks> {
  const [cluster, checkedUp, nodes] = await Promise.all([
    world.cluster().catch(() => undefined),
    world.checkUp().catch(() => undefined),
    world.nodes().catch(() => undefined),
  ]);
  const at = checkedUp && { askedMs: checkedUp.askedMs, answeredMs: checkedUp.answeredMs };
  return {
    nowMs: world.nowMs(),
    readings: {
      'the API server': cluster?.clock,
      Temporal: at && { ...at, saysMs: checkedUp.begunMs, coarseMs: 0 },
      'the worker': at && { ...at, saysMs: checkedUp.answer.atMs, coarseMs: 0 },
    },
    ...present({ nodes }),
  };
}

/** Less does not matter to anything that is measured in minutes. */
const APART_MS = 10_000;
/** What is dated so far ahead was not sent before it was read. */
const AHEAD_MS = 60_000;

const MEND = 'Let all machines keep their clocks by NTP or chrony.';

/** All are compared with this machine's clock; where only that one is wrong, all others are. */
export function judgeClocks({ nowMs, readings, nodes = [] }: Clocks): Said[] {
  const known = Object.entries(readings).flatMap(([whose, reading]) =>
    reading === undefined ? [] : [{ whose, offMs: offOf(reading) }],
  );
  const apart = known.filter(({ offMs }) => Math.abs(offMs) >= APART_MS);
  const api = known.find(({ whose }) => whose === 'the API server')?.offMs ?? 0;
  const ahead = nodes.filter(
    ({ heartbeatAtMs, report }) =>
      Math.max(heartbeatAtMs, report?.heardAtMs ?? 0) > nowMs + api + AHEAD_MS,
  );
  const found = apart.map(({ whose, offMs }) =>
    warning(
      `${whose} is ${formatDuration(Math.abs(offMs))} ${offMs > 0 ? 'ahead of' : 'behind'} this machine`,
      MEND,
    ),
  );
  if (ahead.length > 0) {
    const names = shortList(ahead.map(({ name }) => name));
    found.push(warning(`reports of ${names} are dated ahead of now`, MEND));
  }
  if (found.length > 0) return found;
  if (known.length === 0) return [unknown('nobody else has said what time it is')];
  const whose = ['this machine', ...known.map((one) => one.whose)].join(', ');
  return [good(nodes.length === 0 ? whose : `${whose}; no node is ahead`)];
}

/** How far it is ahead, at least; 0 where it may be right, for nobody knows when within the question it was read. */
function offOf({ saysMs, askedMs, answeredMs, coarseMs }: Reading): number {
  if (saysMs > answeredMs) return saysMs - answeredMs;
  return Math.min(0, saysMs + coarseMs - askedMs);
}
