import { describe, expect, test } from '@jest/globals';
import { BY, Story } from './story.fixture.ts';

const POOL_B = { name: 'b', nodes: 'pool=b', maxUnavailable: 1 };
/** Times in sentences are not what is tested. */
const SINCE = /2026-\S+Z/;

const ORDER_OF_ANOTHER = '{"bootId":"boot-1","rollout":"x/y","expires":"2027-01-01T00:00:00Z"}';

/** One invented history per row, and every sentence it has to raise, in order; none: it is as it should be. */
interface Row {
  readonly name: string;
  readonly tell: (story: Story) => unknown;
  readonly broken?: readonly (string | RegExp)[];
}

function judged({ tell, broken = [] }: Row): void {
  const story = new Story();
  story.node('n1').node('n2').node('n3');
  tell(story);
  expect(story.broken).toEqual(
    broken.map((sentence) => expect.stringMatching(sentence) as unknown as string),
  );
}

/** From the record to a node that is back, with an empty node at the order. */
const rolledOut = (story: Story, name: string, [from, to]: [string, string]): Story =>
  story
    .take(name, { bootIdBefore: from })
    .order(name)
    .pods()
    .accept(name)
    .boot(name, to)
    .handBack(name);

const ordered = (s: Story): Story => s.take('n1').order('n1');
const accepted = (s: Story): Story => s.take('n1').order('n1').pods().accept('n1');
const cordonedBefore = (s: Story): Story =>
  s.write(BY.person, 'n1', { unschedulable: true }).take('n1', { cordonedByUs: false });

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

describe('G2', () => {
  test.each<Row>([
    {
      name: 'no order without a cordon',
      tell: (s) => s.take('n1').write(BY.person, 'n1', { unschedulable: false }).order('n1').pods(),
      broken: ['^G2: n1 was ordered to reboot while it was not cordoned$'],
    },
    {
      name: 'no order without a record',
      tell: (s) => s.order('n1').pods(),
      broken: [
        '^G2: n1 .* not cordoned',
        '^G2: n1 .* by node-rollout/n1/run-1, but its record says nothing$',
      ],
    },
    {
      name: 'no order of another run than the one that has the node',
      tell: (s) => s.take('n1').order('n1', { rollout: 'node-rollout/n1/run-2' }).pods(),
      broken: ['^G2: n1 .* by node-rollout/n1/run-2, but its record says node-rollout/n1/run-1$'],
    },
    {
      name: 'no order under an unreadable record',
      tell: (s) => s.take('n1').write(BY.person, 'n1', { rollout: '{' }).order('n1').pods(),
      broken: ['^G2: .* its record says something unreadable$'],
    },
    {
      name: 'no order for another boot',
      tell: (s) => s.take('n1').order('n1', { bootId: 'boot-0' }).pods(),
      broken: ['^G2: n1 was ordered to reboot boot boot-0, but boot boot-1 is running$'],
    },
    {
      name: 'no unreadable order',
      tell: (s) => s.take('n1').write(BY.worker, 'n1', { order: 'reboot, please' }).pods(),
      broken: ['^G2: the order on n1 cannot be read: it is not JSON$'],
    },
    {
      name: 'no pod but those that may stay',
      tell: (s) =>
        ordered(s).pods(
          { name: 'logs', ownerKind: 'DaemonSet' },
          { name: 'etcd', ownerKind: 'Node', mirror: true },
          { name: 'job', ownerKind: 'Job', finished: true },
          { name: 'web' },
          { name: 'bare', ownerKind: undefined },
        ),
      broken: [
        new RegExp(
          `^G2: n1 was ordered to reboot while on it were shop/web \\(there since ${/1970-\S+Z/.source}\\), shop/bare \\(`,
        ),
      ],
    },
    {
      name: 'a pod that is going is still there',
      tell: (s) => ordered(s).pods({ deletionMs: s.atMs - 60_000 }),
      broken: ['^G2: n1 .* shop/web-1'],
    },
    {
      name: 'unless the policy gives it up after a while',
      tell: (s) =>
        ordered(s.limits({ skipWaitForDeleteTimeoutMs: 30_000 })).pods({
          deletionMs: s.atMs - 60_000,
        }),
    },
    {
      name: 'which is not over yet',
      tell: (s) =>
        ordered(s.limits({ skipWaitForDeleteTimeoutMs: 90_000 }).every(60_000)).pods({
          deletionMs: s.atMs - 60_000,
        }),
      broken: ['^G2: n1 .* shop/web-1'],
    },
    {
      name: 'pods that the podSelector leaves out may stay, others not',
      tell: (s) =>
        ordered(s.limits({ podSelector: 'drain=yes' }).every(60_000)).pods(
          { name: 'stays', labels: {} },
          { name: 'goes', labels: { drain: 'yes' } },
        ),
      broken: [/^G2: n1 was ordered to reboot while on it were shop\/goes \([^,]*$/],
    },
    {
      name: 'a pod that came in the last moments is not held against the order',
      tell: (s) => ordered(s).pods({ onNodeSinceMs: s.atMs - 2_500 }),
    },
    {
      name: 'but one that came before',
      tell: (s) => ordered(s).pods({ onNodeSinceMs: s.atMs - 3_000 }),
      broken: ['^G2: n1 .* shop/web-1'],
    },
    {
      name: 'an order that is written anew is judged anew',
      tell: (s) => ordered(s).pods().order('n1').pods({}),
      broken: ['^G2: n1 .* shop/web-1'],
    },
  ])('$name', judged);

  test.each<{ name: string; tell: (story: Story) => Story }>([
    {
      name: 'what a person writes as an order',
      tell: (s) => s.order('n1', {}, BY.person),
    },
    { name: 'an order that goes', tell: (s) => ordered(s).pods().handBack('n1') },
    {
      name: 'an order that was there at the first sight',
      tell: (s) => s.node('n4', { order: '{}' }),
    },
    {
      name: 'an order that stays while other things change',
      tell: (s) =>
        ordered(s)
          .pods()
          .write(BY.worker, 'n1', { lifecycle: ['Drained'] }),
    },
  ])('$name is not asked about', ({ tell }) => {
    const story = tell(new Story().node('n1'));
    expect(story.asks).toBe(false);
    expect(story.broken).toEqual([]);
  });
});

describe('G4', () => {
  test.each<Row>([
    {
      name: 'no boot without an accepted order',
      tell: (s) => s.take('n1').order('n1').pods().boot('n1', 'boot-2'),
      broken: [
        '^G4: n1 rebooted from boot boot-1 into boot-2 without an accepted order of boot boot-1$',
      ],
    },
    {
      name: 'no second boot for one order',
      tell: (s) => accepted(s).boot('n1', 'boot-2').boot('n1', 'boot-3'),
      broken: ['^G4: n1 rebooted from boot boot-2 into boot-3'],
    },
    {
      name: 'a refused order is none',
      tell: (s) =>
        s.take('n1').order('n1').pods().accept('n1', { verdict: 'refused' }).boot('n1', 'boot-2'),
      broken: ['^G4: n1 rebooted from boot boot-1'],
    },
    {
      name: 'one boot that was announced, and not two',
      tell: (s) => s.expectReboot('n1').boot('n1', 'boot-2').boot('n1', 'boot-3'),
      broken: ['^G4: n1 rebooted from boot boot-2'],
    },
    {
      name: 'an announced boot is only for its node',
      tell: (s) => s.expectReboot('n2').boot('n1', 'boot-2'),
      broken: ['^G4: n1 rebooted from boot boot-1'],
    },
    {
      name: 'a kubelet that reports for the first time, or has nothing to report, is no boot',
      tell: (s) =>
        s
          .node('n4', { bootId: '' })
          .write(BY.person, 'n4', { bootId: 'boot-1' })
          .write(BY.person, 'n4', { bootId: '' }),
    },
    {
      name: 'no second acceptance in one boot',
      tell: (s) => accepted(s).write(BY.person, 'n1', { answer: undefined }).accept('n1'),
      broken: [
        '^G4: n1 accepted a second order in boot boot-1: first of node-rollout/n1/run-1, now of node-rollout/n1/run-1$',
      ],
    },
    {
      name: 'also when it takes the place of the first',
      tell: (s) =>
        accepted(s)
          .write(BY.person, 'n1', { order: ORDER_OF_ANOTHER })
          .accept('n1', { rollout: 'x/y' }),
      broken: ['^G4: n1 accepted a second order in boot boot-1: first of .*, now of x/y$'],
    },
    {
      name: 'the same acceptance with other words is the same',
      tell: (s) =>
        accepted(s).accept('n1', { because: 'the reboot cannot be started' }).boot('n1', 'boot-2'),
    },
    {
      name: 'no acceptance of an order that is not there',
      tell: (s) => s.take('n1').accept('n1'),
      broken: ['^G4: n1 accepted an order of node-rollout/n1/run-1 that does not stand on it$'],
    },
    {
      name: 'nor of another order than the one that is there',
      tell: (s) => s.take('n1').order('n1').pods().accept('n1', { rollout: 'x/y' }),
      broken: ['^G4: n1 accepted an order of x/y that does not stand on it$'],
    },
    {
      name: 'no acceptance for another boot than the one that is running',
      tell: (s) =>
        s
          .take('n1')
          .order('n1', { bootId: 'boot-0' }, BY.person)
          .accept('n1', { bootId: 'boot-0' }),
      broken: ['^G4: n1 accepted an order for boot boot-0 while boot boot-1 is running$'],
    },
    {
      name: 'acceptance and boot seen as one, because the watch had to start over',
      tell: (s) =>
        s
          .take('n1')
          .order('n1')
          .pods()
          .write(BY.nobody, 'n1', {
            bootId: 'boot-2',
            answer:
              '{"bootId":"boot-1","rollout":"node-rollout/n1/run-1","verdict":"accepted","because":"","at":"2026-11-24T22:00:00Z"}',
          })
          .boot('n1', 'boot-3'),
      broken: ['^G4: n1 rebooted from boot boot-2 into boot-3'],
    },
    {
      name: 'no acceptance after the order has expired, by the word of the agent',
      tell: (s) =>
        s
          .take('n1')
          .order('n1', { expiresAtMs: s.atMs + 10_000 })
          .pods()
          .accept('n1', { atMs: s.atMs }),
      broken: ['^G4: n1 accepted an order that had expired at'],
    },
    {
      name: 'nor by the clock of the API server, whatever the agent says',
      tell: (s) =>
        s
          .take('n1')
          .order('n1', { expiresAtMs: s.atMs + 20_000 })
          .pods()
          .every(40_000)
          .accept('n1', { atMs: s.atMs }),
      broken: ['^G4: n1 accepted an order that had expired at'],
    },
    {
      name: 'an acceptance that was a while on its way is in time',
      tell: (s) =>
        s
          .take('n1')
          .order('n1', { expiresAtMs: s.atMs + 20_000 })
          .pods()
          .every(20_000)
          .accept('n1', { atMs: s.atMs }),
    },
    {
      name: 'the worker does not accept',
      tell: (s) => s.take('n1').order('n1').pods().accept('n1', {}, BY.worker),
      broken: ['^G4: the worker itself accepted the order on n1$'],
    },
    {
      name: 'what a test or a person accepts is not held against the agent, but may be obeyed',
      tell: (s) => s.accept('n1', {}, BY.person).boot('n1', 'boot-2'),
    },
    {
      name: 'an accepted order is not withdrawn',
      tell: (s) => accepted(s).write(BY.worker, 'n1', { order: undefined }),
      broken: [
        '^G4: the order of node-rollout/n1/run-1 on n1 was withdrawn after it had been accepted$',
      ],
    },
    {
      name: 'nor replaced',
      tell: (s) =>
        accepted(s)
          .order('n1', { rollout: 'node-rollout/n1/run-1', expiresAtMs: s.atMs + 999_000 })
          .pods(),
      broken: [
        '^G4: the order of node-rollout/n1/run-1 on n1 was replaced after it had been accepted$',
      ],
    },
    {
      name: 'nor undone with the whole rollout',
      tell: (s) => accepted(s).handBack('n1'),
      broken: ['^G4: the order of .* was withdrawn after it had been accepted$'],
    },
    {
      name: 'once it has expired it may go, for nobody acts on it any more',
      tell: (s) =>
        s
          .take('n1')
          .order('n1', { expiresAtMs: s.atMs + 30_000 })
          .pods()
          .accept('n1')
          .every(60_000)
          .handBack('n1'),
    },
    {
      name: 'but then the machine must not go down any more',
      tell: (s) =>
        s
          .take('n1')
          .order('n1', { expiresAtMs: s.atMs + 30_000 })
          .pods()
          .accept('n1')
          .every(60_000)
          .handBack('n1')
          .boot('n1', 'boot-2')
          .boot('n1', 'boot-3'),
      broken: [
        '^G4: n1 rebooted from boot boot-1 into boot-2 by the order of node-rollout/n1/run-1 after it had been handed back$',
        '^G4: n1 rebooted from boot boot-2 into boot-3 without an accepted order of boot boot-2$',
      ],
    },
    {
      name: 'a machine that goes down after a person took the record away does as it was told',
      tell: (s) => accepted(s).write(BY.person, 'n1', { rollout: undefined }).boot('n1', 'boot-2'),
    },
    {
      name: 'boot and return seen as one, because the watch had to start over',
      tell: (s) => accepted(s).handBack('n1', { bootId: 'boot-2' }, BY.nobody).end(),
    },
    {
      name: 'before it is accepted it may go',
      tell: (s) =>
        s.take('n1').order('n1').pods().handBack('n1').take('n1').order('n1').pods().accept('n1'),
    },
    {
      name: 'a node made anew under the name of one that is gone has no order',
      tell: (s) => accepted(s).gone('n1').node('n1', { bootId: 'boot-7' }).boot('n1', 'boot-8'),
      broken: ['^G4: n1 rebooted from boot boot-7'],
    },
    {
      name: 'what a person takes away is not held against the worker',
      tell: (s) => accepted(s).write(BY.person, 'n1', { order: undefined }),
    },
    {
      name: 'an acceptance found at the first sight may be obeyed, once',
      tell: (s) =>
        s
          .node('n4', {
            answer:
              '{"bootId":"boot-1","rollout":"x/y","verdict":"accepted","because":"","at":"2026-11-24T22:00:00Z"}',
          })
          .boot('n4', 'boot-2')
          .boot('n4', 'boot-3'),
      broken: ['^G4: n4 rebooted from boot boot-2'],
    },
    {
      name: 'an acceptance of an earlier boot found at the first sight may not',
      tell: (s) =>
        s
          .node('n4', {
            answer:
              '{"bootId":"boot-0","rollout":"x/y","verdict":"accepted","because":"","at":"2026-11-24T22:00:00Z"}',
          })
          .boot('n4', 'boot-2'),
      broken: ['^G4: n4 rebooted from boot boot-1'],
    },
  ])('$name', judged);
});

describe('G6', () => {
  test.each<Row>([
    {
      name: 'a cordon that was there is kept',
      tell: (s) => cordonedBefore(s).handBack('n1', { unschedulable: true }).end(),
    },
    {
      name: 'and not lifted with the record',
      tell: (s) => cordonedBefore(s).handBack('n1'),
      broken: ['^G6: n1 was handed back uncordoned, although somebody else had cordoned it$'],
    },
    {
      name: 'nor before it',
      tell: (s) => cordonedBefore(s).write(BY.worker, 'n1', { unschedulable: false }),
      broken: ['^G6: the worker uncordoned n1, although somebody else had cordoned it$'],
    },
    {
      name: 'a cordon of ours is not forgotten',
      tell: (s) => s.take('n1').handBack('n1', { unschedulable: true }),
      broken: ['^G6: n1 was handed back cordoned, although it has to be schedulable$'],
    },
    {
      name: 'it may be lifted a step before the record goes',
      tell: (s) =>
        s.take('n1').write(BY.worker, 'n1', { unschedulable: false }).handBack('n1').end(),
    },
    {
      name: 'it may come a step after the record',
      tell: (s) =>
        s
          .take('n1', {})
          .handBack('n1')
          .take('n1')
          .write(BY.worker, 'n1', { lifecycle: [] })
          .handBack('n1'),
    },
    {
      name: 'a cordon that a person has lifted stays lifted',
      tell: (s) =>
        cordonedBefore(s)
          .write(BY.person, 'n1', { unschedulable: false })
          .handBack('n1', { unschedulable: false }),
    },
    {
      name: 'the cordon of ours that a person has lifted is not set again',
      tell: (s) =>
        s
          .take('n1')
          .write(BY.person, 'n1', { unschedulable: false })
          .write(BY.worker, 'n1', { unschedulable: true }),
      broken: ['^G6: the worker cordoned n1 again, which ann had uncordoned$'],
    },
    {
      name: 'a cordon that a person has set after lifting ours is theirs',
      tell: (s) =>
        s
          .take('n1')
          .write(BY.person, 'n1', { unschedulable: false })
          .write(BY.person, 'n1', { unschedulable: true })
          .handBack('n1'),
      broken: ['^G6: n1 was handed back uncordoned, although somebody else had cordoned it$'],
    },
    {
      name: 'the record does not claim the cordon of others',
      tell: (s) => s.write(BY.person, 'n1', { unschedulable: true }).take('n1'),
      broken: ['^G6: the record on n1 claims a cordon that was there before it$'],
    },
    {
      name: 'nor deny its own',
      tell: (s) => s.take('n1', { cordonedByUs: false }),
      broken: ['^G6: the record on n1 denies its own cordon: nobody had cordoned the node before$'],
    },
    {
      name: 'the worker uncordons no node without a record',
      tell: (s) =>
        s
          .write(BY.person, 'n1', { unschedulable: true })
          .write(BY.worker, 'n1', { unschedulable: false }),
      broken: ['^G6: the worker uncordoned n1 without a record of a rollout on it$'],
    },
    {
      name: 'people cordon and uncordon as they like',
      tell: (s) =>
        s
          .write(BY.person, 'n1', { unschedulable: true })
          .write(BY.nobody, 'n1', { unschedulable: false })
          .take('n2')
          .write(BY.nobody, 'n2', { unschedulable: false })
          .handBack('n2'),
    },
    {
      name: 'whoever else takes the record away answers for the node',
      tell: (s) => s.take('n1').write(BY.person, 'n1', { rollout: undefined }),
    },
    {
      name: 'a rollout found at the first sight ends as its record says: its own cordon',
      tell: (s) =>
        s
          .node('n4', { unschedulable: true, rollout: recordOf(true) })
          .handBack('n4', { unschedulable: true }),
      broken: ['^G6: n4 was handed back cordoned'],
    },
    {
      name: 'a rollout found at the first sight ends as its record says: the cordon of others',
      tell: (s) => s.node('n4', { unschedulable: true, rollout: recordOf(false) }).handBack('n4'),
      broken: ['^G6: n4 was handed back uncordoned'],
    },
    {
      name: 'no eviction from a node that is not in the hands of the worker',
      tell: (s) => s.moved('n1'),
      broken: ['^G6: the worker evicted shop/web-1 from n1, which was not in its hands$'],
    },
    {
      name: 'nor just before it is taken',
      tell: (s) => s.take('n1').movedAt(s.atMs - 1, 'n1'),
      broken: ['^G6: the worker evicted shop/web-1 from n1, which was not in its hands$'],
    },
    {
      name: 'nor from one made anew under the name of one that was',
      tell: (s) => s.take('n1').gone('n1').node('n1').every(1).moved('n1'),
      broken: ['^G6: the worker evicted shop/web-1 from n1, which was not in its hands$'],
    },
    {
      name: 'nor long after the node was deleted in mid-rollout',
      tell: (s) => s.take('n1').gone('n1').every(6_000).moved('n1'),
      broken: ['^G6: the worker evicted shop/web-1 from n1, which was not in its hands$'],
    },
    {
      name: 'one that was under way then is none too many',
      tell: (s) => s.take('n1').gone('n1').every(4_000).moved('n1'),
    },
    {
      name: 'no deletion either, long after the node was handed back',
      tell: (s) => s.take('n1').handBack('n1').moved('n1', 'deleted'),
      broken: ['^G6: the worker deleted shop/web-1 from n1, which was not in its hands$'],
    },
    {
      name: 'an eviction that was under way when the node was handed back is none too many',
      tell: (s) => s.take('n1').handBack('n1').every(4_000).moved('n1'),
    },
    {
      name: 'no eviction from a node that a person has uncordoned',
      tell: (s) =>
        s.take('n1').write(BY.person, 'n1', { unschedulable: false }).every(6_000).moved('n1'),
      broken: ['^G6: the worker evicted shop/web-1 from n1, which ann had uncordoned at'],
    },
    {
      name: 'but one that was under way, and those after it was cordoned again',
      tell: (s) =>
        s
          .take('n1')
          .write(BY.person, 'n1', { unschedulable: false })
          .every(4_000)
          .moved('n1')
          .every(20_000)
          .write(BY.person, 'n1', { unschedulable: true })
          .moved('n1'),
    },
    {
      name: 'nothing is left behind at the end',
      tell: (s) =>
        s
          .take('n1')
          .order('n1')
          .pods()
          .handBack('n1', { answer: 'a', lifecycle: ['Drained'] })
          .node('n4', { order: 'o' })
          .end(),
      broken: [
        '^G6: a rollout left the answer to its order, the condition Drained on n1$',
        '^G6: a rollout left its order on n4$',
      ],
    },
    {
      name: 'nothing is said of nodes in the middle of a rollout, and of nodes that are gone',
      tell: (s) =>
        s
          .write(BY.worker, 'n2', { lifecycle: ['MaintenancePlanned'] })
          .gone('n2')
          .take('n1')
          .write(BY.worker, 'n1', { lifecycle: ['DrainInProgress'] })
          .end(),
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

function recordOf(cordonedByUs: boolean): string {
  const record = {
    workflowId: 'w',
    runId: 'r',
    cordonedByUs,
    bootIdBefore: 'b',
    phase: 'draining',
  };
  return JSON.stringify(record);
}
