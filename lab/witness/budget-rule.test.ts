import { describe, expect, test } from '@jest/globals';
import { judged, type Row } from './judged.fixture.ts';
import { BY, Story } from './story.fixture.ts';

const POOL_B = { name: 'b', nodes: 'pool=b', maxUnavailable: 1 };
/** Times in sentences are not what is tested. */
const SINCE = /2026-\S+Z/;

describe('G1', () => {
  test.each<Row>([
    {
      name: 'a second node of ours is one too many, however close together they were taken',
      tell: (s) => s.every(1).take('n1').take('n2'),
      broken: [
        new RegExp(
          `^G1: n2 was taken out of service although 1 of at most 1 of the pool workers were out: n1 is in a rollout since ${SINCE.source}$`,
        ),
      ],
    },
    {
      name: 'a node of ours counts although it is back, Ready and uncordoned, as long as it bears its record',
      tell: (s) =>
        s.take('n1').write(BY.worker, 'n1', { unschedulable: false }).take('n2').handBack('n1'),
      broken: ['^G1: n2 .*: n1 is in a rollout'],
    },
    ...[
      { name: 'NotReady', change: { ready: false }, said: 'is NotReady' },
      { name: 'cordoned by a person', change: { unschedulable: true }, said: 'is cordoned' },
      { name: 'being deleted', change: { deleting: true }, said: 'is being deleted' },
    ].map(({ name, change, said }) => ({
      name: `a node ${name} uses the budget`,
      tell: (s: Story) => s.write(BY.person, 'n2', change).take('n1'),
      broken: [`^G1: n1 .*: n2 ${said} since`],
    })),
    {
      name: 'a node that goes out in the moment before cannot be known of',
      tell: (s) => s.every(1_500).write(BY.person, 'n2', { ready: false }).take('n1'),
    },
    {
      name: 'an outage is as old as its beginning, whatever changes about it',
      tell: (s) =>
        s
          .write(BY.person, 'n2', { ready: false })
          .write(BY.person, 'n2', { lifecycle: [] })
          .every(500)
          .write(BY.person, 'n2', { unschedulable: true })
          .take('n1'),
      broken: ['^G1: n1 .*: n2 is NotReady'],
    },
    {
      name: 'an outage that ended and began again is new',
      tell: (s) =>
        s
          .write(BY.person, 'n2', { ready: false })
          .write(BY.person, 'n2', { ready: true })
          .every(500)
          .write(BY.person, 'n2', { ready: false })
          .take('n1'),
    },
    {
      name: 'a node that goes out after the taking is not held against the rollout, at its order neither',
      tell: (s) =>
        s.take('n1').write(BY.person, 'n2', { ready: false }).order('n1').pods().accept('n1'),
    },
    {
      name: 'a node that is out itself may be taken when no other is out',
      tell: (s) =>
        s.write(BY.person, 'n1', { unschedulable: true }).take('n1', { cordonedByUs: false }),
    },
    {
      name: 'but not when another is',
      tell: (s) =>
        s
          .write(BY.person, 'n1', { unschedulable: true })
          .write(BY.person, 'n2', { ready: false })
          .take('n1', { cordonedByUs: false }),
      broken: ['^G1: n1 .*: n2 is NotReady'],
    },
    {
      name: 'nodes of other pools do not count',
      tell: (s) =>
        s
          .limits({}, POOL_B)
          .node('b1', { labels: { pool: 'b' }, ready: false })
          .every(60_000)
          .take('n1'),
    },
    {
      name: 'a node that is gone does not count',
      tell: (s) => s.take('n1').gone('n1').take('n2'),
    },
    {
      name: 'a percentage rounds down',
      tell: (s) =>
        s
          .limits({ maxUnavailable: '60%' })
          .every(60_000)
          .node('n4')
          .node('n5')
          .take('n1')
          .take('n2')
          .take('n3')
          .take('n4'),
      broken: ['^G1: n4 .* although 3 of at most 3'],
    },
    {
      name: 'a percentage is at least one node',
      tell: (s) => s.limits({ maxUnavailable: '10%' }).every(60_000).take('n1').take('n2'),
      broken: ['^G1: n2 .* although 1 of at most 1'],
    },
    {
      name: 'a raised budget holds at once',
      tell: (s) => s.take('n1').limits({ maxUnavailable: 2 }).take('n2').take('n3'),
      broken: ['^G1: n3 .* although 2 of at most 2'],
    },
    {
      name: 'a lowered budget takes nothing back, and leaves the worker time to read it',
      tell: (s) =>
        s
          .limits({ maxUnavailable: 2 })
          .take('n1')
          .limits({ maxUnavailable: 1 })
          .every(5_000)
          .take('n2')
          .order('n2')
          .pods(),
    },
    {
      name: 'but not for ever',
      tell: (s) =>
        s
          .limits({ maxUnavailable: 2 })
          .take('n1')
          .limits({ maxUnavailable: 1 })
          .every(20_000)
          .take('n2'),
      broken: ['^G1: n2 .* although 1 of at most 1'],
    },
    {
      name: 'a node of no pool is not taken',
      tell: (s) => s.node('x', { labels: {} }).take('x'),
      broken: ['^G1: x was taken out of service, but it belongs to no pool$'],
    },
    {
      name: 'nor one of two pools',
      tell: (s) =>
        s
          .limits({}, { ...POOL_B, nodes: 'pool' })
          .every(60_000)
          .take('n1'),
      broken: ['^G1: n1 .*, but it belongs to several pools: workers, b$'],
    },
    {
      name: 'a cordon of the worker without a record takes a node out as well',
      tell: (s) => s.take('n1').write(BY.worker, 'n2', { unschedulable: true }),
      broken: ['^G1: n2 ', '^G6: the worker cordoned n2 without a record'],
    },
    {
      name: 'and so does an order without either',
      tell: (s) => s.take('n1').order('n2'),
      broken: [
        '^G1: n2 ',
        '^G2: n2 .* while it was not cordoned',
        '^G2: .* its record says nothing',
      ],
    },
    {
      name: 'a record that another run takes over is no new taking',
      tell: (s) =>
        s
          .limits({ maxUnavailable: 2 })
          .take('n1')
          .take('n2')
          .limits({})
          .every(60_000)
          .take('n1', { runId: 'run-2' }),
    },
    {
      name: 'what a person writes is no taking',
      tell: (s) => s.take('n1').take('n2', {}, BY.person),
    },
    {
      name: 'nodes that are out at the first sight count',
      tell: (s) => s.node('n4', { rollout: '{}' }).take('n1'),
      broken: ['^G1: n1 .*: n4 is in a rollout'],
    },
  ])('$name', judged);

  test('is not judged before any policy is known', () => {
    const story = new Story({ rules: ['G1'] });
    story.node('n1', { labels: {} }).write(BY.worker, 'n1', { rollout: '{}' });
    expect(story.broken).toEqual(['G1: n1 was taken out of service, but it belongs to no pool']);
  });
});
