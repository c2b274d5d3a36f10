import { describe, expect, test } from '@jest/globals';
import { judging, type Row } from './judged.fixture.ts';
import { BY, type Story } from './story.fixture.ts';

const GPU = 'gpu=yes:NoSchedule';
const OURS = 'a/waits:PreferNoSchedule';
const FOUND = { pool: 'workers', state: 'old' };
const SET = { ...FOUND, state: 'rebooting', team: 'ops' };
const CHANGES = {
  state: { found: 'old', set: 'rebooting' },
  team: { found: null, set: 'ops' },
};

const judged = judging(
  (story) =>
    story
      .limits({ labelsAfter: { state: 'serving' } })
      .node('n1', { labels: FOUND, taints: [GPU] }),
  (story) => story.end(),
);

/** Takes the node as the worker does that has labels to set. */
const taken = (story: Story): Story => {
  const { broken } = story.take('n1', { labels: CHANGES }, BY.worker, { labels: SET });
  expect(broken).toEqual([]);
  return story;
};
const back = (story: Story): Story => taken(story).order('n1').pods().accept('n1').boot('n1', 'b2');
const waiting = { taint: 'a/waits', taints: [GPU, OURS] };
const tainted = (story: Story): Story => story.write(BY.worker, 'n1', waiting);
const served = { ...SET, state: 'serving' };

describe('labels are as they should be', () => {
  test.each<Row>([
    {
      name: 'after an undo as they were found',
      tell: (s) => taken(s).handBack('n1', { labels: FOUND }),
    },
    {
      name: 'after an undo as others have left them since',
      tell: (s) =>
        taken(s)
          .write(BY.person, 'n1', { labels: { ...SET, state: 'broken', rack: '7' } })
          .handBack('n1', { labels: { ...FOUND, state: 'broken', rack: '7' } }),
    },
    {
      name: 'after a reboot as the policy wants them; what was set besides stays',
      tell: (s) => back(s).handBack('n1', { labels: served }),
    },
    {
      name: 'after a reboot as they were found, when the pool has left the policy',
      tell: (s) =>
        back(s)
          .limits({ name: 'other', nodes: 'pool=other' })
          .every(60_000)
          .limits({ name: 'other', nodes: 'pool=other' })
          .handBack('n1', { labels: FOUND }),
    },
    {
      name: 'also when a person has taken the record away, and answers for the rest',
      tell: (s) => taken(s).handBack('n1', { labels: { pool: 'workers' } }, BY.person),
    },
  ])('$name', judged);
});

describe('G6: labels', () => {
  test.each<Row>([
    {
      name: 'are not forgotten at an undo',
      tell: (s) => taken(s).handBack('n1'),
      broken: ['^G6: n1 was handed back with labels .*state=rebooting.* instead of .*state=old$'],
    },
    {
      name: 'that others have changed are not put back',
      tell: (s) =>
        taken(s)
          .write(BY.person, 'n1', { labels: { ...SET, state: 'broken' } })
          .handBack('n1', { labels: FOUND }),
      broken: ['^G6: n1 was handed back .*state=old instead of pool=workers,state=broken$'],
    },
    {
      name: 'of the time after are not forgotten',
      tell: (s) => back(s).handBack('n1'),
      broken: ['^G6: n1 was handed back after its reboot .* instead of .*state=serving'],
    },
    {
      name: 'are not changed without a record',
      tell: (s) => s.write(BY.worker, 'n1', { labels: SET }),
      broken: ['the worker changed the label state of n1 in', 'changed the label team of n1'],
    },
    {
      name: 'are not changed in the middle of a rollout',
      tell: (s) =>
        taken(s)
          .write(BY.worker, 'n1', { labels: { ...SET, team: 'net' } })
          .write(BY.person, 'n1', { labels: SET })
          .handBack('n1', { labels: FOUND }),
      broken: ['the worker changed the label team of n1 in between'],
    },
    {
      name: 'are set with a record that says what was found',
      tell: (s) => s.take('n1', {}, BY.worker, { labels: SET }).handBack('n1', { labels: FOUND }),
      broken: ['what was found of its label state$', 'what was found of its label team$'],
    },
    {
      name: 'are remembered as long as the record is there',
      tell: (s) => taken(s).take('n1').handBack('n1', { labels: FOUND }),
      broken: ['the record on n1 has forgotten what was found of its labels'],
    },
    {
      name: 'of a rollout that was there at the first sight are known by its record',
      tell: (s) => taken(s).gone('n1').node('n1', { rollout: RECORD, labels: SET }).handBack('n1'),
      broken: ['^G6: n1 was handed back with labels .* instead of .*state=old$'],
    },
  ])('$name', judged);
});

const RECORD = JSON.stringify({
  workflowId: 'w',
  runId: 'r',
  cordonedByUs: true,
  bootIdBefore: 'boot-1',
  phase: 'draining',
  labels: CHANGES,
});

const off = { taint: undefined, taints: [GPU] };

describe('a taint is as it should be', () => {
  test.each<Row>([
    {
      name: 'that comes and goes with its name',
      tell: (s) => tainted(s).write(BY.worker, 'n1', off),
    },
    {
      name: 'that the cordon takes off',
      tell: (s) => tainted(s).take('n1', {}, BY.worker, off).handBack('n1'),
    },
    {
      name: 'that makes way for another',
      tell: (s) =>
        tainted(s)
          .write(BY.worker, 'n1', { taint: 'b', taints: [GPU, 'b:PreferNoSchedule'] })
          .write(BY.worker, 'n1', off),
    },
    {
      name: 'that others have taken off',
      tell: (s) =>
        tainted(s)
          .write(BY.person, 'n1', { taints: [GPU] })
          .write(BY.worker, 'n1', off),
    },
  ])('$name', judged);
});

describe('G6: a taint', () => {
  test.each<Row>([
    {
      name: 'is not put on without its name',
      tell: (s) => s.write(BY.worker, 'n1', { taints: [GPU, OURS] }),
      broken: ['the worker put the taint a/waits:PreferNoSchedule on n1 without naming it'],
    },
    {
      name: 'of others is not taken off',
      tell: (s) => tainted(s).write(BY.worker, 'n1', { taint: undefined, taints: [] }),
      broken: ['the worker took the taint gpu=yes:NoSchedule off n1, which is not its own'],
    },
    {
      name: 'that was there is not claimed',
      tell: (s) =>
        s
          .write(BY.person, 'n1', { taints: [GPU, OURS] })
          .write(BY.worker, 'n1', { taint: 'a/waits' })
          .write(BY.person, 'n1', off),
      broken: ['the worker claims the taint a/waits:PreferNoSchedule on n1'],
    },
    {
      name: 'is not left without its name',
      tell: (s) => tainted(s).write(BY.worker, 'n1', { taint: undefined }),
      broken: ['the worker left its taint a/waits:PreferNoSchedule on n1'],
    },
    {
      name: 'of those who wait is not on a node that is taken',
      tell: (s) => tainted(s).take('n1').take('n1', {}, BY.worker, off).handBack('n1'),
      broken: ['n1 is in a rollout and bears the taint a/waits of those who wait'],
    },
    {
      name: 'is not left at the end',
      tell: tainted,
      broken: ['^G6: a rollout left its taint a/waits on n1$'],
    },
  ])('$name', judged);
});
