import { describe, expect, test } from '@jest/globals';
import { policyIn, type PolicySource } from '../../policy-source.ts';
import { eventsOf, storyIn } from '../recorded.fixture.ts';
import type { RolloutStory } from '../story.ts';
import { pageOf } from './page-of.ts';
import { aStory, START } from './stories.fixture.ts';

const MINUTE = 60_000;
const extent = { sinceMs: START - MINUTE, atMs: START + 60 * MINUTE };

const policy = (pool: string): PolicySource =>
  policyIn({
    name: 'policy.yaml',
    directory: '.',
    text: `timeZone: Europe/Zurich\npools:\n  - {name: workers, nodes: "a=b", ${pool}}\n`,
  });

const page = (stories: readonly RolloutStory[], more: Partial<Parameters<typeof pageOf>[1]> = {}) =>
  pageOf(stories, { ...extent, ...more });

test('a bar has its reason on hover, and so has its name for whoever cannot see it', async () => {
  const text = await page([await storyIn(eventsOf('held'))], {
    sinceMs: Date.parse('2026-11-29T05:00:00Z'),
    atMs: Date.parse('2026-11-29T06:00:00Z'),
  });
  const words =
    'n1: waiting at its gates&#10;Sun 2026-11-29 05:13:06 to Sun 2026-11-29 05:13:07 (0s)&#10;' +
    'hold: held: disk is being swapped&#10;window: its pool has no window';
  for (const name of ['title', 'aria-label']) expect(text).toContain(`${name}="${words}"`);
});

test('whatever others have written is text', async () => {
  const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>\u202e`;
  const text = await page([
    aStory({
      node: evil,
      pool: evil,
      by: evil,
      reason: evil,
      workflowId: evil,
      runId: evil,
      end: { how: 'failed', type: evil, because: evil },
      unread: [evil],
      happened: [{ atMs: START, what: 'said', says: evil, client: evil, answer: evil }],
      because: evil,
    }),
  ]);
  expect(text).not.toMatch(/<script|<img|onerror=[^a]|\u202e/);
  expect(text).not.toContain(`"'>`);
  expect(text.match(/&lt;script&gt;alert\(1\)/g)?.length).toBeGreaterThan(10);
});

test('it asks for nothing from elsewhere, and could not', async () => {
  const text = await page([aStory()]);
  expect(text).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  expect(text).not.toMatch(/https?:|\bsrc=|\bhref=|@import|url\((?!#)/);
});

describe('windows and budget', () => {
  test('are not drawn without a policy, and the legend says so', async () => {
    const text = await page([aStory()]);
    expect(text).toContain('windows are not shaded, for no policy was given');
    expect(text).toContain('budget not drawn, for no policy was given');
    expect(text).toContain('style="--windows:none"');
    expect(text).not.toContain('class="budget"');
  });

  test('are drawn with one, in its time zone', async () => {
    const hours = 'windows: [{days: [mon], start: "22:10", end: "23:59"}], maxUnavailable: 2';
    const text = await page([aStory()], { policy: policy(hours) });
    expect(text).toContain(
      'Pool workers from Mon 2026-11-30 21:59:42 to Mon 2026-11-30 22:30:18 Europe/Zurich',
    );
    const stops = /--windows:linear-gradient\(to right,transparent ([\d.]+)%/.exec(text);
    // 10 min 18 s of 30 min 36 s.
    expect(Number(stops?.[1])).toBeCloseTo(33.66, 1);
    expect(text).toContain('at most 1; budget 2');
    expect(text).toContain('<line class="budget"');
  });

  test.each([
    ['nodes: 10%', 'windows: [{always: true}], maxUnavailable: 10%', 'not drawn: 10% of the pool'],
  ])('a budget of %s is told', async (_, pool, words) => {
    expect(await page([aStory()], { policy: policy(pool) })).toContain(words);
  });

  test('a pool that the policy does not have', async () => {
    const text = await page([aStory({ pool: 'gpu' })], {
      policy: policy('windows: [{always: true}]'),
    });
    expect(text).toContain('windows are not shaded, for the policy has no such pool');
  });
});

test('without a rollout it says so', async () => {
  expect(await page([])).toContain('Temporal knew of no rollout since Mon 2026-11-30 20:59 UTC.');
});
