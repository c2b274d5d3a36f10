import { formatDuration } from '../../domain/durations.ts';
import { columns, wrapped } from '../columns.ts';
import { paint, type Style } from '../paint.ts';
import { sayEnd, timeIn, type Happening, type RolloutStory, type StoryPhase } from './story.ts';

/** The columns of durations; together they are all of a rollout. */
const DURATIONS: readonly (readonly [string, readonly StoryPhase[]])[] = [
  ['WAIT', ['waiting', 'queued', 'paused']],
  ['DRAIN', ['draining', 'undoing']],
  ['REBOOT', ['rebooting', 'lost', 'settling']],
];

/** Rollouts as a table, the first that began first. */
export function printHistory(stories: readonly RolloutStory[], nowMs: number, width: number) {
  const heads = DURATIONS.map(([head]) => head);
  const rows = stories.map((story) => [
    sayTime(story.beganMs).slice(5, 16),
    short(tookMs(story, nowMs)),
    ...DURATIONS.map(([, phases]) => short(timeIn(story, phases, nowMs))),
    pods(story),
    `${story.node}: ${paintedEnd(story)} (${story.by})`,
  ]);
  return columns([['BEGAN UTC', 'ALL', ...heads, 'PODS', 'NODE AND HOW IT ENDED'], ...rows], width);
}

/** All that is known of each, line by line. */
export function printStories(stories: readonly RolloutStory[], nowMs: number, width: number) {
  return stories.map((story) => printStory(story, nowMs, width)).join('\n');
}

function printStory(story: RolloutStory, nowMs: number, width: number): string {
  const { node, pool, end, workflowId, runId, formerRunIds, policies, unread } = story;
  const { bootIdBefore, bootIdAfter } = story;
  const parts = DURATIONS.map(
    ([head, phases]) => `${head.toLowerCase()} ${formatDuration(timeIn(story, phases, nowMs))}`,
  );
  const took = `${formatDuration(tookMs(story, nowMs))} (${parts.join(', ')})`;
  const boots = bootIdBefore && `boot id ${bootIdBefore} before, ${bootIdAfter ?? 'none'} after`;
  const facts = [
    end.because === '' ? 'nothing holds it up' : end.because,
    `began ${sayTime(story.beganMs)} UTC; ${took}; pods evicted: ${pods(story)}`,
    ...(boots ? [boots] : []),
    ...(policies.length > 0 ? [`policy ${policies.join(', then ')}`] : []),
    `workflow ${workflowId}, run ${[...formerRunIds, runId].join(', then ')}`,
    ...unread.map((because) => `NOT ALL OF ITS HISTORY CAN BE READ: ${because}`),
  ];
  const indented = facts.flatMap((fact) => wrapped(fact, width - 4).map(indent));
  const rows = story.happened.map((one) => [
    `  ${sayTime(one.atMs).slice(5)}`,
    one.what,
    sayHappening(one),
  ]);
  const title = `${paint('strong', node)}${pool === undefined ? '' : `, pool ${pool}`}`;
  return `${title}: ${paintedEnd(story)}\n${indented.join('\n')}\n${columns(rows, width)}`;
}

const indent = (line: string, at: number): string => `${at === 0 ? '  ' : '    '}${line}`;

/** With the client that said it, for the name that a person gives is only what they say. */
export function sayHappening({ says, client, answer }: Happening): string {
  const from = client === undefined || client === '' ? '' : ` (sent by ${client})`;
  return `${says}${from}${answer === undefined ? '' : `; answered: ${answer}`}`;
}

/** "2026-12-08 22:00:05". */
const sayTime = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

export const tookMs = ({ beganMs, endedMs }: RolloutStory, nowMs: number): number =>
  (endedMs ?? nowMs) - beganMs;

const short = (ms: number): string => (ms <= 0 ? '' : formatDuration(ms).replace(' ', ''));

/** How many were evicted, as far as that is known. */
export const pods = ({ podsEvicted, podsEvictedAtLeast }: RolloutStory): string =>
  `${podsEvicted}${podsEvictedAtLeast ? '+' : ''}`;

const BAD: readonly string[] = ['failed', 'terminated', 'timed-out', 'quarantined'];

function paintedEnd(story: RolloutStory): string {
  const { how } = story.end;
  const isGood = how === 'rebooted' || how === 'nothing-to-do' || how === 'running';
  const style: Style = BAD.includes(how) ? 'bad' : isGood ? 'good' : 'warning';
  const at = how === 'running' ? story.spans.at(-1)?.phase : undefined;
  return paint(style, at === undefined ? sayEnd(story) : `${how}, ${at}`);
}
