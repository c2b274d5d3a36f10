import { poolWindows } from '../../../domain/window/pool-windows.ts';
import { Plan } from '../../../domain/window/plan.ts';
import { sayTime, zoneClock } from '../../../domain/window/wall-clock.ts';
import { present } from '../../../domain/present.ts';
import { readCalendars } from '../../calendars.ts';
import type { PolicySource } from '../../policy-source.ts';
import { PHASES, type RolloutStory } from '../story.ts';
import { markup, type Html } from './markup.ts';
import { pictureOf, type Extent, type Picture, type PoolFacts } from './picture.ts';
import { STYLE } from './style.ts';
import { rolloutsTable } from './rollouts-table.ts';
import { LEGEND, shading, timeline } from './timeline.ts';

export interface PageRequest extends Extent {
  /** The one pool that was asked for. */
  readonly pool?: string;
  /** For windows, budgets and time zones, none of which are in Temporal. */
  readonly policy?: PolicySource;
}

/** One page with the timeline of each pool, which needs no script and nothing from elsewhere. */
export async function pageOf(
  stories: readonly RolloutStory[],
  { pool, policy, ...extent }: PageRequest,
): Promise<string> {
  const byPool = [...Map.groupBy(stories, (story) => story.pool)];
  const pictures: Picture[] = [];
  for (const [name, ofPool] of byPool.toSorted(([one = '~'], [other = '~']) =>
    one.localeCompare(other),
  )) {
    const facts = await factsOf(policy, name);
    pictures.push({ ...present({ pool: name }), ...pictureOf(ofPool, facts, extent) });
  }
  return document(pictures, { ...extent, ...present({ pool }), hasPolicy: policy !== undefined })
    .text;
}

const UTC = zoneClock('UTC');

async function factsOf(
  source: PolicySource | undefined,
  name: string | undefined,
): Promise<PoolFacts> {
  if (!source) return { clock: UTC, budget: 'not drawn, for no policy was given' };
  const { policy, directory } = source;
  const index = policy.pools.findIndex((pool) => pool.name === name);
  const found = policy.pools[index];
  if (!found) return { clock: UTC, budget: 'not drawn, for the policy has no such pool' };
  const input = poolWindows(policy, index);
  const { copies: calendars } = await readCalendars(policy, {
    directory,
    pools: [index],
    wanted: () => true,
  });
  const plan = new Plan({ ...input, calendars });
  const { maxUnavailable } = found;
  const budget =
    typeof maxUnavailable === 'number'
      ? maxUnavailable
      : `not drawn: ${maxUnavailable} of the pool, whose size is not in Temporal`;
  return { clock: input.clock, budget, openings: (fromMs) => plan.openings(fromMs) };
}

interface About extends Extent {
  readonly pool?: string;
  readonly hasPolicy: boolean;
}

function document(pictures: readonly Picture[], about: About): Html {
  const { pool, atMs, sinceMs } = about;
  const clock = pictures[0]?.clock ?? UTC;
  const names = pictures.map(({ pool: name }) => nameOf(name));
  const of = pool ?? (names.length === 1 ? names[0] : undefined) ?? 'all pools';
  const title = `Lockkeeper: what happened in ${of === 'all pools' ? of : `pool ${of}`}`;
  const since = sayTime(clock, sinceMs);
  const none = markup`<p>Temporal knew of no rollout since ${since}.</p>`;
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${STYLE}
      </head>
      <body>
        <h1>${title}</h1>
        <p>As of ${sayTime(clock, atMs)}.</p>
        ${pictures.length === 0 ? none : pictures.map((picture) => section(picture, about))}
      </body>
    </html> `;
}

const nameOf = (pool: string | undefined): string => pool ?? '(none is known)';

function section(picture: Picture, about: About): Html {
  const { pool, clock } = picture;
  const stories = picture.rows.flatMap((row) => row.stories);
  return markup`<section style="--windows:${shading(picture)}">
    <h2>Pool ${nameOf(pool)}</h2>
    ${legend(picture, about)} ${timeline(picture, nameOf(pool))}
    <h3>The same as a table, and what happened in each</h3>
    ${rolloutsTable(stories, { clock, atMs: about.atMs })}
  </section>`;
}

function legend({ rows, openings, budget }: Picture, { hasPolicy }: About): Html {
  const phases = PHASES.filter((phase) =>
    rows.some(({ bars }) => bars.some(({ span }) => span.phase === phase)),
  ).map((phase) => markup`<li><i class="bar ${phase}"></i> ${LEGEND[phase]}</li>`);
  const unknown = hasPolicy ? 'the policy has no such pool' : 'no policy was given';
  const windows =
    openings === undefined
      ? markup`<li>windows are not shaded, for ${unknown}</li>`
      : markup`<li><i class="open"></i> window open, by the policy as it is now</li>`;
  const line =
    typeof budget === 'number'
      ? markup`<li><i class="budget"></i> budget: ${budget} out of service at once</li>`
      : markup`<li>budget ${budget}</li>`;
  return markup`<ul class="legend">
    ${[...phases, windows, line]}
    <li>out of service: by Lockkeeper; what others took out is not in Temporal</li>
  </ul>`;
}
