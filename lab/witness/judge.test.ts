import { describe, expect, test } from '@jest/globals';
import { judged, type Row } from './judged.fixture.ts';
import { BY, Story } from './story.fixture.ts';

/** From the record to a node that is back, with an empty node at the order. */
const rolledOut = (story: Story, name: string, [from, to]: [string, string]): Story =>
  story
    .take(name, { bootIdBefore: from })
    .order(name)
    .pods()
    .accept(name)
    .boot(name, to)
    .handBack(name);

describe('a history as it should be', () => {
  test.each<Row>([
    { name: 'one rollout', tell: (s) => rolledOut(s, 'n1', ['boot-1', 'boot-2']).end() },
    {
      name: 'the same node twice, and another after it',
      tell(s) {
        rolledOut(s, 'n1', ['boot-1', 'boot-2']);
        rolledOut(s, 'n1', ['boot-2', 'boot-3']);
        rolledOut(s, 'n2', ['boot-1', 'boot-2']).end();
      },
    },
    {
      name: 'a rollout whose authors nobody knows, because the API server died each time',
      tell: (s) =>
        s
          .take('n1', {}, BY.nobody)
          .order('n1', {}, BY.nobody)
          .pods()
          .accept('n1', {}, BY.nobody)
          .boot('n1', 'boot-2')
          .handBack('n1', {}, BY.nobody)
          .end(),
    },
    {
      name: 'a rollout that ends in the middle, and a node that is lost',
      tell: (s) =>
        s.take('n1').order('n1').pods().accept('n1').write(BY.person, 'n1', { ready: false }).end(),
    },
    {
      name: 'a drain that is given up',
      tell: (s) => s.take('n1').moved('n1').handBack('n1').end(),
    },
    {
      name: 'a node that is deleted in mid-rollout and made anew under its name',
      tell: (s) =>
        s.take('n1').order('n1').pods().accept('n1').gone('n1').node('n1', { bootId: 'new' }).end(),
    },
  ])('$name', judged);
});

test('only the rules that are asked for are judged', () => {
  const story = new Story({ rules: ['G4'] });
  story.node('n1').node('n2').take('n1').take('n2').order('n1');
  story
    .write(BY.person, 'n2', { unschedulable: false })
    .write(BY.worker, 'n2', { unschedulable: true });
  story.boot('n2', 'boot-2').moved('n3').end();
  expect(story.asks).toBe(false);
  expect(story.broken).toEqual([expect.stringMatching('^G4: n2 rebooted')]);
});
