import { formatDuration } from '../../domain/durations.ts';
import type { Forecast, NodeForecast, PoolForecast } from '../../domain/forecast/known.ts';
import { sayLocal, type WallClock } from '../../domain/window/wall-clock.ts';
import { columns, wrapped } from '../columns.ts';
import { paint } from '../paint.ts';

/** A forecast as it is told. */
export interface Told {
  readonly atMs: number;
  readonly pools: readonly ToldPool[];
  readonly inNoPool: Forecast['inNoPool'];
}

export interface ToldPool extends Omit<PoolForecast, 'nodes'> {
  readonly nodes: readonly (NodeForecast & { readonly inTime: boolean })[];
  /** Of the pool. */
  readonly clock: WallClock;
  /** By when all is to be done. */
  readonly untilMs?: number;
}

type Row = ToldPool['nodes'][number];

const UNKNOWN =
  'Not known beforehand: alerts and other gates still to come, how long pods take to leave, what fails; and in which order those ask whose gates open at the same moment.';

/** A table for each pool, for people. */
export function printPlan({ pools, inNoPool }: Told, width: number): string {
  const left =
    inNoPool.length === 0
      ? []
      : [
          `wanting a reboot and left alone:\n${columns(
            inNoPool.map(({ node, because }) => [`  ${node}`, because]),
            width,
          )}`,
        ];
  const isAnything = pools.some(({ nodes }) => nodes.length > 0);
  const unknown = isAnything ? [`${wrapped(UNKNOWN, width).join('\n')}\n`] : [];
  return [...pools.map((pool) => printPool(pool, width)), ...left, ...unknown].join('\n');
}

function printPool(pool: ToldPool, width: number): string {
  const summary = `${wrapped(`pool ${pool.pool}: ${summaryOf(pool)}`, width).join('\n')}\n`;
  if (pool.nodes.length === 0) return summary;
  const rows = pool.nodes.map((row) => rowOf(row, pool));
  return summary + columns([['#', 'NODE', 'BEGINS', 'ENDS', 'WINDOW/WHY'], ...rows], width);
}

function summaryOf({ nodes, clock, length, untilMs }: ToldPool): string {
  if (nodes.length === 0) return 'no node wants a reboot';
  const ends = nodes.flatMap((row) => (row.inTime && 'endsMs' in row ? [row.endsMs] : []));
  const last = ends.length === 0 ? '' : ` by ${minute(clock, Math.max(...ends), 'up')}`;
  const left = nodes.length - ends.length;
  const wanted = untilMs === undefined ? '' : ` before ${sayLocal(clock, untilMs)}`;
  const late = left === 0 ? '' : paint('warning', `, ${left} not${wanted}`);
  const took = `each is reckoned with ${formatDuration(length.ms)} (${length.by})`;
  return `${ends.length} of ${nodes.length} rebooted${last}${late}; ${took}; times in ${clock.name}`;
}

const MINUTE_MS = 60_000;

/** To the minute, as exact as a forecast can be: a begin is rounded down, an end up. */
function minute(clock: WallClock, atMs: number, to: 'up' | 'down'): string {
  const minutes = atMs / MINUTE_MS;
  return sayLocal(clock, (to === 'up' ? Math.ceil(minutes) : Math.floor(minutes)) * MINUTE_MS);
}

function rowOf(row: Row, { clock, untilMs }: ToldPool): string[] {
  if (row.kind === 'not-foretold') return ['-', row.node, '-', '-', paint('warning', row.because)];
  const begins = row.beginsMs === undefined ? '' : minute(clock, row.beginsMs, 'down');
  const ends = minute(clock, row.endsMs, 'up');
  const late =
    row.inTime || untilMs === undefined
      ? []
      : [paint('warning', `not by ${sayLocal(clock, untilMs)}`)];
  const why = [
    ...late,
    aboutWindow(row, clock),
    ...(row.because === undefined ? [] : [row.because]),
  ];
  return [String(row.place), row.node, begins, sameDay(ends, begins), why.join('; ')];
}

function aboutWindow(row: Exclude<Row, { kind: 'not-foretold' }>, clock: WallClock): string {
  if (row.kind === 'under-way') return `under way: ${row.phase}`;
  if (row.closesMs === undefined) return 'open';
  return `closes ${sameDay(sayLocal(clock, row.closesMs), sayLocal(clock, row.beginsMs))}`;
}

const DAY = 'Tue 2026-12-08 '.length;

/** Without its day where that is the one before it in the row. */
const sameDay = (time: string, other: string): string =>
  time.slice(0, DAY) === other.slice(0, DAY) ? time.slice(DAY) : time;
