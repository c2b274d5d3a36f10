import { formatDuration } from '../../../domain/durations.ts';
import { localAt, sayLocal, sayTime, type WallClock } from '../../../domain/window/wall-clock.ts';
import { sayEnd, type StoryPhase } from '../story.ts';
import { markup, type Html } from './markup.ts';
import type { Bar, Picture, Row } from './picture.ts';

/** Phases in words of the legend. */
export const LEGEND: Readonly<Record<StoryPhase, string>> = {
  waiting: 'waiting at its gates',
  queued: 'in the queue of its pool',
  draining: 'cordoned and draining',
  rebooting: 'rebooting',
  lost: 'not back in time',
  settling: 'back and settling',
  undoing: 'handed back without a reboot',
  paused: 'paused by a person',
};

/** The bars of a pool, a row for each node, below a time scale and how many nodes were out of service. */
export function timeline(picture: Picture, name: string): Html {
  const { rows, clock, fromMs, toMs } = picture;
  const caption = `Pool ${name} from ${sayLocal(clock, fromMs)} to ${sayTime(clock, toMs)}`;
  return markup`<table class="timeline">
    <caption>${caption}, a row for each node</caption>
    <thead>
      <tr>
        <th scope="col">node</th>
        <th scope="col" class="track scale" aria-label="time">${scale(picture)}</th>
        <th scope="col">ended</th>
      </tr>
    </thead>
    <tbody>
      <tr class="out">
        <th scope="row">out of service</th>
        <td class="track">${outOfService(picture)}</td>
        <td>${sayBudget(picture)}</td>
      </tr>
      ${rows.map((row) => rowOf(row, picture))}
    </tbody>
  </table>`;
}

/** Where a moment is, from the left. */
function percent({ fromMs, toMs }: Picture, atMs: number): string {
  return ((100 * (atMs - fromMs)) / (toMs - fromMs)).toFixed(3);
}

const length = ({ fromMs, toMs }: Picture, ms: number): string =>
  ((100 * ms) / (toMs - fromMs)).toFixed(3);

function scale(picture: Picture): Html[] {
  const { ticks, clock } = picture;
  return ticks.map((atMs, at) => {
    const before = ticks[at - 1];
    const isNewDay = before === undefined || dayAt(clock, before) !== dayAt(clock, atMs);
    const [weekday = '', day = '', time = ''] = sayLocal(clock, atMs).split(' ');
    const date = isNewDay ? markup`<b>${weekday} ${day}</b>` : markup``;
    return markup`<span class="tick" style="left:${percent(picture, atMs)}%">${date}${time}</span>`;
  });
}

const dayAt = (clock: WallClock, atMs: number): string =>
  new Date(localAt(clock, atMs)).toISOString().slice(0, 10);

function rowOf(row: Row, picture: Picture): Html {
  const last = row.stories.at(-1);
  const end = last === undefined ? '' : sayEnd(last);
  return markup`<tr>
    <th scope="row">${row.node}</th>
    <td class="track">${row.bars.map((bar) => barOf(bar, picture))}</td>
    <td class="end ${last?.end.how ?? ''}">${end}</td>
  </tr>`;
}

function barOf({ story, span, fromMs, toMs }: Bar, picture: Picture): Html {
  const { clock } = picture;
  const { phase, because } = span;
  const until = span.toMs === undefined ? 'now' : sayLocal(clock, span.toMs);
  const lasted = formatDuration((span.toMs ?? toMs) - span.fromMs);
  const words = [
    `${story.node}: ${LEGEND[phase]}`,
    `${sayLocal(clock, span.fromMs)} to ${until} (${lasted})`,
    ...because,
  ].join('\n');
  const side = fromMs - picture.fromMs > (picture.toMs - picture.fromMs) / 2 ? ' late' : '';
  return markup`<span
    class="bar ${phase}${side}"
    tabindex="0"
    role="img"
    style="left:${percent(picture, fromMs)}%;width:${length(picture, toMs - fromMs)}%"
    title="${words}"
    aria-label="${words}"
  ></span>`;
}

/** What the column of endings says beside the line: how many nodes may be out at once. */
function sayBudget({ out, budget }: Picture): string {
  const most = `at most ${mostOf(out)}`;
  return typeof budget === 'number' ? `${most}; budget ${budget}` : most;
}

const mostOf = (out: Picture['out']): number => Math.max(...out.map(({ count }) => count));

/** As high as the picture of it, in units of its own. */
const HEIGHT = 100;

function outOfService(picture: Picture): Html {
  const { out, budget } = picture;
  const top = Math.max(mostOf(out), typeof budget === 'number' ? budget : 1) * 1.15;
  const y = (count: number): string => (HEIGHT * (1 - count / top)).toFixed(2);
  const x = (atMs: number): string => (10 * Number(percent(picture, atMs))).toFixed(2);
  const path = out.map(({ atMs, count }) => `H${x(atMs)}V${y(count)}`).join('');
  const area = `M0 ${HEIGHT}${path}H1000V${HEIGHT}Z`;
  const words = `nodes out of service by Lockkeeper: ${sayBudget(picture)}`;
  const line =
    typeof budget === 'number'
      ? markup`<line class="budget" x1="0" x2="1000" y1="${y(budget)}" y2="${y(budget)}" />`
      : markup``;
  return markup`<svg
    viewBox="0 0 1000 ${HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    tabindex="0"
    aria-label="${words}"
  >
    <title>${words}</title>
    <path d="${area}" />
    ${line}
  </svg>`;
}

/** The open windows as a background of every row of this pool; none where they are not known. */
export function shading(picture: Picture): string {
  const stops = (picture.openings ?? []).flatMap(({ fromMs, toMs = picture.toMs }) => {
    const [from, to] = [percent(picture, fromMs), percent(picture, toMs)];
    return [
      `transparent ${from}%`,
      `var(--open) ${from}%`,
      `var(--open) ${to}%`,
      `transparent ${to}%`,
    ];
  });
  return stops.length === 0 ? 'none' : `linear-gradient(to right,${stops.join(',')})`;
}
