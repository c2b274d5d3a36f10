import { formatDuration } from '../../../domain/durations.ts';
import { sayLocal, type WallClock } from '../../../domain/window/wall-clock.ts';
import { pods, sayHappening, tookMs } from '../print.ts';
import { sayEnd, timeIn, type RolloutStory, type StoryPhase } from '../story.ts';
import { markup, type Html } from './markup.ts';

interface Told {
  readonly clock: WallClock;
  readonly atMs: number;
}

/** Every rollout in words, for those who do not see the picture or want to know more. */
export function rolloutsTable(stories: readonly RolloutStory[], told: Told): Html {
  const heads = [
    'node',
    'began',
    'took',
    'waited',
    'drain',
    'reboot',
    'pods evicted',
    'how it ended',
  ];
  return markup`<table class="rollouts">
    <thead>
      <tr>
        ${heads.map((head) => markup`<th scope="col">${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${stories.map((story) => rollout(story, told))}
    </tbody>
  </table>`;
}

function rollout(story: RolloutStory, { clock, atMs }: Told): Html {
  const lasted = (...phases: readonly StoryPhase[]): string => {
    const ms = timeIn(story, phases, atMs);
    return ms === 0 ? '' : formatDuration(ms);
  };
  const { end, bootIdBefore = 'not known', bootIdAfter = 'none' } = story;
  const lines = story.happened.map(
    (one) =>
      markup`<li><time>${sayLocal(clock, one.atMs)}</time> ${one.what}: ${sayHappening(one)}</li>`,
  );
  return markup`<tr>
    <th scope="row">${story.node}</th>
    <td>${sayLocal(clock, story.beganMs)}</td>
    <td>${formatDuration(tookMs(story, atMs))}</td>
    <td>${lasted('waiting', 'queued', 'paused')}</td>
    <td>${lasted('draining', 'undoing')}</td>
    <td>${lasted('rebooting', 'lost', 'settling')}</td>
    <td>${pods(story)}</td>
    <td>
      <b>${sayEnd(story)}</b> ${end.because}; ${sayAsked(story)}
      <details>
        <summary>what happened to ${story.node}</summary>
        <ol>
          ${lines}
        </ol>
        <p>boot id ${bootIdBefore} before, ${bootIdAfter} after</p>
        <p>workflow ${story.workflowId}, run ${story.runId}</p>
        ${story.unread.map((because) => markup`<p>not all of its history can be read: ${because}</p>`)}
      </details>
    </td>
  </tr>`;
}

const sayAsked = ({ by, reason }: RolloutStory): string =>
  `asked for by ${by}${reason === undefined ? '' : `: ${reason}`}`;
