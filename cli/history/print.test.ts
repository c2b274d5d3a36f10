import { expect, test } from '@jest/globals';
import { printed } from '../paint.ts';
import { runNow } from '../run.fixture.ts';
import { printHistory, printStories } from './print.ts';
import { eventsOf, storyIn } from './recorded.fixture.ts';

const NOW = Date.parse('2026-11-29T06:00:00Z');
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

test('the table fits 80 columns and says when, how long in which part, pods, the end and who', async () => {
  const names = ['worker-killed', 'drain-timed-out', 'nothing-to-do'];
  const stories = await Promise.all(names.map(async (name) => storyIn(eventsOf(name))));
  const table = printed(printHistory(stories, NOW, 80), false);
  expect(table.split('\n').map((line) => line.trimEnd())).toEqual([
    'BEGAN UTC    ALL  WAIT  DRAIN  REBOOT  PODS  NODE AND HOW IT ENDED',
    '11-29 05:12  16s  0s    12s    4s      4     worker-1: rebooted',
    '                                             (temporal-cli:root@vm)',
    '11-29 05:12  0s   0s    0s             0     n1: failed: drain-timed-out',
    '                                             (26905@vm)',
    '11-29 05:12  0s   0s                   0     n1: nothing-to-do (26905@vm)',
    '',
  ]);
});

test('a rollout that runs is shown in its phase, and counts until now', async () => {
  const events = eventsOf('rebooted').slice(0, 32);
  const story = await storyIn(events);
  const nowMs = story.beganMs + 3_600_000;
  const table = printed(printHistory([story], nowMs, 80), false);
  expect(table).toContain('11-29 05:11  1h   1s    59m59s          0');
  expect(table).toContain('worker-1: running, draining');
});

test('a node is told line by line: gates with their values, words of people, boot ids', async () => {
  const [held, aborted] = await Promise.all(
    ['held', 'aborted'].map(async (name) => storyIn(eventsOf(name))),
  );
  const text = printed(
    printStories(
      [held, aborted].flatMap((story) => story ?? []),
      NOW,
      80,
    ),
    false,
  );
  expect(text).toContain('n1, pool workers: rebooted\n  it rebooted and is back\n');
  expect(text).toContain('  boot id boot-1 before, boot-2 after\n  policy p1\n');
  expect(text).toMatch(
    /^ {2}11-29 05:13:07 {2}gates +hold: held: disk is being swapped; window: its\n +pool has no window$/m,
  );
  expect(text).toMatch(
    /^ {2}11-29 05:13:07 {2}said +gate hold skipped by somebody: no reason given$/m,
  );
  expect(text).toMatch(/^ {2}11-29 05:12:40 {2}said +aborted by ann: wrong node /m);
  expect(widest(text)).toBeLessThanOrEqual(80);
});

test.each([
  [['--since', 'soon'], '--since: write a duration like 12h or 7d, not "soon"\n'],
  [['--policy', 'p.yaml'], '--policy: only together with --html\n'],
])('%s is refused', async (argv, err) => {
  expect(await runNow('history', ...argv)).toEqual({ exit: 2, out: '', err });
});
