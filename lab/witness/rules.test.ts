import { describe, expect, test } from '@jest/globals';
import { AWAY_TAINTS } from '../../domain/away-taints.ts';
import { ON_ITS_WAY_OUT } from './budget-rule.ts';
import { BY, Story } from './story.fixture.ts';

/**
 * What no other test makes the judge say. That it sees a broken Lockkeeper at all is proved by the simulation's BREAKS and by
 * test/integration/witness.test.ts; that it says nothing of a good one, by every simulated history and every lab.
 */
type Row = readonly [name: string, tell: (story: Story) => unknown, ...broken: string[]];

const told = (begin: (story: Story) => unknown, rows: readonly Row[]): void => {
  test.each(rows)('%s', (_, tell, ...broken) => {
    const story = new Story();
    begin(story);
    tell(story);
    expect(story.broken).toEqual(
      broken.map((sentence) => expect.stringMatching(sentence) as unknown as string),
    );
  });
};
const threeNodes = (s: Story): Story => s.node('n1').node('n2').node('n3');
const ordered = (s: Story): Story => s.take('n1').order('n1').pods();
const accepted = (s: Story): Story => ordered(s).accept('n1');
/** Its order accepted and expired, the machine still up, and handed back. */
const givenUp = (s: Story): Story =>
  s
    .take('n1')
    .order('n1', { expiresAtMs: s.atMs + 30_000 })
    .pods()
    .accept('n1')
    .every(60_000)
    .handBack('n1');
const cordonedBefore = (s: Story): Story =>
  s.write(BY.person, 'n1', { unschedulable: true }).take('n1', { cordonedByUs: false });
const POOL_B = { name: 'b', nodes: 'pool', maxUnavailable: 1 };
const acceptedIn = (bootId: string): string =>
  `{"bootId":"${bootId}","rollout":"x/y","verdict":"accepted","because":"","at":"2026-11-24T22:00:00Z"}`;

describe('G1', () => {
  test('the witness knows the same taints as the policy does by itself', () => {
    expect(ON_ITS_WAY_OUT).toEqual(AWAY_TAINTS);
  });

  told(threeNodes, [
    [
      'a cordon of others uses the budget',
      (s) => s.write(BY.person, 'n2', { unschedulable: true }).take('n1'),
      '^G1: n1 .*: n2 is cordoned since',
    ],
    [
      'so does a node that is being deleted',
      (s) => s.write(BY.person, 'n2', { deleting: true }).take('n1'),
      '^G1: n1 .*: n2 is being deleted since',
    ],
    [
      'so does a node that an autoscaler is about to remove',
      (s) =>
        s
          .write(BY.person, 'n2', { taints: ['ToBeDeletedByClusterAutoscaler=1:NoSchedule'] })
          .take('n1'),
      '^G1: n1 .*: n2 bears the taint ToBeDeletedByClusterAutoscaler=1:NoSchedule since',
    ],
    ...AWAY_TAINTS.map((key): Row => {
      const taint = `${key.replace('*', 'x')}:NoExecute`;
      const name = `so does a node that bears ${taint}`;
      return [
        name,
        (s) => s.write(BY.person, 'n2', { taints: [taint] }).take('n1'),
        `^G1: n1 .*: n2 bears the taint ${taint} since`,
      ];
    }),
    [
      'a node that bears a taint with a longer key is in service',
      (s) =>
        s.write(BY.person, 'n2', { taints: ['karpenter.sh/disrupted-once:NoSchedule'] }).take('n1'),
    ],
    [
      'an outage is as old as its beginning, whatever changes about it',
      (s) =>
        s
          .write(BY.person, 'n2', { ready: false })
          .write(BY.person, 'n2', { unschedulable: true })
          .every(500)
          .take('n1'),
      '^G1: n1 .*: n2 is NotReady',
    ],
    [
      'a percentage rounds down',
      (s) => s.limits({ maxUnavailable: '60%' }).every(60_000).take('n1').take('n2'),
      '^G1: n2 .* although 1 of at most 1',
    ],
    [
      'a budget that was lowered long ago holds',
      (s) =>
        s
          .limits({ maxUnavailable: 2 })
          .take('n1')
          .limits({ maxUnavailable: 1 })
          .every(20_000)
          .take('n2'),
      '^G1: n2 .* although 1 of at most 1',
    ],
    [
      'a node of no pool is not taken',
      (s) => s.node('x', { labels: {} }).take('x'),
      '^G1: x was taken out of service, but it belongs to no pool$',
    ],
    [
      'nor one of two pools',
      (s) => s.limits({}, POOL_B).every(60_000).take('n1'),
      '^G1: n1 .*, but it belongs to several pools: workers, b$',
    ],
    [
      'a cordon of the worker without a record takes a node out as well',
      (s) => s.take('n1').write(BY.worker, 'n2', { unschedulable: true }),
      '^G1: n2 ',
      '^G6: the worker cordoned n2 without a record',
    ],
    [
      'and so does an order without either',
      (s) => s.take('n1').order('n2'),
      '^G1: n2 ',
      '^G2: n2 .* while it was not cordoned',
      '^G2: .* its record says nothing',
    ],
  ]);
});

describe('G2', () => {
  told(threeNodes, [
    [
      'no order under an unreadable record',
      (s) => s.take('n1').write(BY.person, 'n1', { rollout: '{' }).order('n1').pods(),
      '^G2: .* its record says something unreadable$',
    ],
    [
      'no order for another boot',
      (s) => s.take('n1').order('n1', { bootId: 'boot-0' }).pods(),
      '^G2: n1 was ordered to reboot boot boot-0, but boot boot-1 is running$',
    ],
    [
      'no unreadable order',
      (s) => s.take('n1').write(BY.worker, 'n1', { order: 'reboot, please' }).pods(),
      '^G2: the order on n1 cannot be read: it is not JSON$',
    ],
    [
      'no pod but those that may stay',
      (s) =>
        s
          .take('n1')
          .order('n1')
          .pods(
            { name: 'logs', ownerKind: 'DaemonSet' },
            { name: 'etcd', ownerKind: 'Node', mirror: true },
            { name: 'job', ownerKind: 'Job', finished: true },
            { name: 'going', deletionMs: s.atMs - 60_000 },
            { name: 'bare', ownerKind: undefined },
          ),
      /^G2: n1 was ordered to reboot while on it were shop\/going \(there since 1970-\S+Z\), shop\/bare \([^,]*$/
        .source,
    ],
    [
      'a worker of Lockkeeper may stay, by its owner, and what uninstalls it',
      (s) =>
        s
          .take('n1')
          .order('n1')
          .pods(
            { owner: 'lockkeeper/ReplicaSet/lockkeeper-worker-5d4f8c7b9' },
            { owner: 'lockkeeper/StatefulSet/lockkeeper-worker' },
            { owner: 'lockkeeper/Job/lockkeeper-uninstall' },
          ),
    ],
    ...[
      'shop/StatefulSet/lockkeeper-worker',
      'lockkeeper/ReplicaSet/lockkeeper-worker-two',
      'shop/Job/lockkeeper-uninstall',
      'lockkeeper/Job/lockkeeper-uninstall-two',
    ].map((owner): Row => [
      `a pod of ${owner} is none, whatever its labels`,
      (s) =>
        s
          .take('n1')
          .order('n1')
          .pods({ owner, labels: { 'app.kubernetes.io/component': 'worker' } }),
      '^G2: n1 .* shop/web-1',
    ]),
    [
      'a pod whose owner has put it back three times may stay',
      (s) => s.take('n1').moved('n1').moved('n1').moved('n1').order('n1').pods({}),
    ],
    [
      'a pod whose owner has put it back only twice',
      (s) => s.take('n1').moved('n1').moved('n1').order('n1').pods({}),
      '^G2: n1 .* shop/web-1',
    ],
    [
      'a pod whose owner has put it back in the rollout before this one',
      (s) =>
        s
          .take('n1')
          .moved('n1')
          .moved('n1')
          .moved('n1')
          .handBack('n1')
          .take('n1')
          .order('n1')
          .pods({}),
      '^G2: n1 .* shop/web-1',
    ],
    [
      'a pod of the podSelector, and one that is not given up yet',
      (s) =>
        s
          .limits({ podSelector: 'drain=yes', skipWaitForDeleteTimeoutMs: 30_000 })
          .every(60_000)
          .take('n1')
          .order('n1')
          .pods(
            { name: 'stays' },
            { name: 'given-up', labels: { drain: 'yes' }, deletionMs: s.atMs - 40_000 },
            { name: 'goes', labels: { drain: 'yes' }, deletionMs: s.atMs - 20_000 },
          ),
      /^G2: n1 was ordered to reboot while on it were shop\/goes \([^,]*$/.source,
    ],
    [
      'an order that is written anew is judged anew',
      (s) => ordered(s).order('n1').pods({}),
      '^G2: n1 .* shop/web-1',
    ],
  ]);
});

describe('G4', () => {
  told(threeNodes, [
    [
      'a refused order is none',
      (s) => ordered(s).accept('n1', { verdict: 'refused' }).boot('n1', 'boot-2'),
      '^G4: n1 rebooted from boot boot-1',
    ],
    [
      'an announced boot is one, and only for its node',
      (s) =>
        s
          .expectReboot('n1')
          .boot('n1', 'boot-2')
          .boot('n1', 'boot-3')
          .expectReboot('n2')
          .boot('n3', 'boot-2'),
      '^G4: n1 rebooted from boot boot-2',
      '^G4: n3 rebooted from boot boot-1',
    ],
    [
      'no second acceptance in one boot',
      (s) => accepted(s).write(BY.person, 'n1', { answer: undefined }).accept('n1'),
      '^G4: n1 accepted a second order in boot boot-1: first of node-rollout/n1/run-1, now of node-rollout/n1/run-1$',
    ],
    [
      'no acceptance of an order that is not there',
      (s) => s.take('n1').accept('n1'),
      '^G4: n1 accepted an order of node-rollout/n1/run-1 that does not stand on it$',
    ],
    [
      'no acceptance for another boot than the one that is running',
      (s) =>
        s
          .take('n1')
          .order('n1', { bootId: 'boot-0' }, BY.person)
          .accept('n1', { bootId: 'boot-0' }),
      '^G4: n1 accepted an order for boot boot-0 while boot boot-1 is running$',
    ],
    [
      'none after the order has expired by the clock of the API server, whatever the agent says',
      (s) =>
        s
          .take('n1')
          .order('n1', { expiresAtMs: s.atMs + 20_000 })
          .pods()
          .every(40_000)
          .accept('n1', { atMs: s.atMs }),
      '^G4: n1 accepted an order that had expired at',
    ],
    [
      'the worker does not accept',
      (s) => ordered(s).accept('n1', {}, BY.worker),
      '^G4: the worker itself accepted the order on n1$',
    ],
    [
      'an accepted order is not replaced',
      (s) =>
        accepted(s)
          .order('n1', { expiresAtMs: s.atMs + 999_000 })
          .pods(),
      '^G4: the order of .* on n1 was replaced after it had been accepted$',
    ],
    [
      'nor undone with the whole rollout',
      (s) => accepted(s).handBack('n1'),
      '^G4: the order of .* was withdrawn after it had been accepted$',
    ],
    [
      'once it has expired and the node was handed back, another one may be accepted in that boot',
      (s) => givenUp(s).take('n1').order('n1').pods().accept('n1').boot('n1', 'boot-2'),
    ],
    [
      'once it has expired and the node was handed back, the machine must not go down',
      (s) => givenUp(s).boot('n1', 'boot-2'),
      '^G4: n1 rebooted .* by the order of node-rollout/n1/run-1 after it had been handed back$',
    ],
    [
      'a node made anew under the name of one that is gone has no order',
      (s) => accepted(s).gone('n1').node('n1', { bootId: 'boot-7' }).boot('n1', 'boot-8'),
      '^G4: n1 rebooted from boot boot-7',
    ],
    [
      'an acceptance found at the first sight may be obeyed, once; one of an earlier boot not',
      (s) =>
        s
          .node('n4', { answer: acceptedIn('boot-1') })
          .boot('n4', 'boot-2')
          .boot('n4', 'boot-3')
          .node('n5', { answer: acceptedIn('boot-0') })
          .boot('n5', 'boot-2'),
      '^G4: n4 rebooted from boot boot-2',
      '^G4: n5 rebooted from boot boot-1',
    ],
  ]);
});

describe('G6', () => {
  told(threeNodes, [
    [
      'a cordon of others is not lifted before the record goes',
      (s) => cordonedBefore(s).write(BY.worker, 'n1', { unschedulable: false }),
      '^G6: the worker uncordoned n1, although somebody else had cordoned it$',
    ],
    [
      'a cordon that a person has set after lifting ours is theirs',
      (s) =>
        s
          .take('n1')
          .write(BY.person, 'n1', { unschedulable: false })
          .write(BY.person, 'n1', { unschedulable: true })
          .handBack('n1'),
      '^G6: n1 was handed back uncordoned, although somebody else had cordoned it$',
    ],
    [
      'a cordon of its own is taken off at the end',
      (s) => s.take('n1').handBack('n1', { unschedulable: true }),
      '^G6: n1 was handed back cordoned',
    ],
    [
      'but not of a node that is being deleted',
      (s) => s.take('n1').handBack('n1', { unschedulable: true, deleting: true }),
    ],
    [
      'the record does not claim the cordon of others',
      (s) => s.write(BY.person, 'n1', { unschedulable: true }).take('n1'),
      '^G6: the record on n1 claims a cordon that was there before it$',
    ],
    [
      'nor deny its own',
      (s) => s.take('n1', { cordonedByUs: false }),
      '^G6: the record on n1 denies its own cordon: nobody had cordoned the node before$',
    ],
    [
      'the worker uncordons no node without a record',
      (s) =>
        s
          .write(BY.person, 'n1', { unschedulable: true })
          .write(BY.worker, 'n1', { unschedulable: false }),
      '^G6: the worker uncordoned n1 without a record of a rollout on it$',
    ],
    [
      'a rollout found at the first sight ends as its record says',
      (s) =>
        s
          .node('n4', { unschedulable: true, rollout: recordOf({ cordonedByUs: false }) })
          .handBack('n4'),
      '^G6: n4 was handed back uncordoned',
    ],
    [
      'no eviction just before the node is taken',
      (s) => s.take('n1').movedAt(s.atMs - 1, 'n1'),
      '^G6: the worker evicted shop/web-1 from n1, which was not in its hands$',
    ],
    [
      'nor from one made anew under its name',
      (s) => s.take('n1').gone('n1').node('n1').every(1).moved('n1'),
      '^G6: the worker evicted shop/web-1 from n1, which was not in its hands$',
    ],
    [
      'no deletion long after the node was handed back',
      (s) => s.take('n1').handBack('n1').moved('n1', 'deleted'),
      '^G6: the worker deleted shop/web-1 from n1, which was not in its hands$',
    ],
    [
      'no eviction long after a person has uncordoned the node',
      (s) => s.take('n1').write(BY.person, 'n1', { unschedulable: false }).every(6_000).moved('n1'),
      '^G6: the worker evicted shop/web-1 from n1, which ann had uncordoned at',
    ],
    [
      'nothing is left behind at the end',
      (s) =>
        ordered(s).handBack('n1', { answer: 'a' }).node('n4', { order: 'o', taint: 't' }).end(),
      '^G6: a rollout left the answer to its order on n1$',
      '^G6: a rollout left its order, its taint t on n4$',
    ],
  ]);
});

const GPU = 'gpu=yes:NoSchedule';
const OURS = 'a/waits:PreferNoSchedule';
const CORDONED = 'node.kubernetes.io/unschedulable:NoSchedule';
const FOUND = { pool: 'workers', state: 'old' };
const SET = { ...FOUND, state: 'rebooting', team: 'ops' };
const CHANGES = {
  state: { found: 'old', set: 'rebooting' },
  team: { found: null, set: 'ops' },
};
const recordOf = (more: object): string =>
  JSON.stringify({
    workflowId: 'w',
    runId: 'r',
    bootIdBefore: 'boot-1',
    phase: 'draining',
    ...more,
  });

/** Takes the node as the worker does that has labels to set. */
const taken = (story: Story): Story =>
  story.take('n1', { labels: CHANGES }, BY.worker, { labels: SET });
const tainted = (story: Story): Story =>
  story.write(BY.worker, 'n1', { taint: 'a/waits', taints: [GPU, OURS] });

const labelled = (story: Story): Story =>
  story.limits({ labelsAfter: { state: 'serving' } }).node('n1', { labels: FOUND, taints: [GPU] });

describe('G6: labels and taints', () => {
  told(labelled, [
    [
      'what others have changed is not put back',
      (s) =>
        taken(s)
          .write(BY.person, 'n1', { labels: { ...SET, state: 'broken' } })
          .handBack('n1', { labels: FOUND }),
      '^G6: n1 was handed back .*state=old instead of pool=workers,state=broken$',
    ],
    [
      'those of the time after a reboot are not forgotten',
      (s) => taken(s).order('n1').pods().accept('n1').boot('n1', 'b2').handBack('n1'),
      '^G6: n1 was handed back after its reboot .* instead of .*state=serving',
    ],
    [
      'they are not changed in the middle of a rollout',
      (s) => taken(s).write(BY.worker, 'n1', { labels: { ...SET, team: 'net' } }),
      'the worker changed the label team of n1 in between',
    ],
    [
      'they are set with a record that says what was found',
      (s) => s.take('n1', {}, BY.worker, { labels: SET }),
      'what was found of its label state$',
      'what was found of its label team$',
    ],
    [
      'and are remembered as long as the record is there',
      (s) => taken(s).take('n1'),
      'the record on n1 has forgotten what was found of its labels',
    ],
    [
      'those of a rollout found at the first sight are known by its record',
      (s) =>
        s
          .node('n4', { rollout: recordOf({ cordonedByUs: true, labels: CHANGES }), labels: SET })
          .handBack('n4'),
      '^G6: n4 was handed back with labels .* instead of .*state=old$',
    ],
    [
      'a taint is not put on without its name',
      (s) => s.write(BY.worker, 'n1', { taints: [GPU, OURS] }),
      'the worker put the taint a/waits:PreferNoSchedule on n1 without naming it',
    ],
    [
      "Kubernetes' own of a cordon comes and goes, and may show together with what the worker writes",
      (s) =>
        s.take('n1', {}, BY.worker, { taints: [GPU, CORDONED] }).handBack('n1', { taints: [GPU] }),
    ],
    [
      'one of others is not taken off',
      (s) => tainted(s).write(BY.worker, 'n1', { taint: undefined, taints: [] }),
      'the worker took the taint gpu=yes:NoSchedule off n1, which is not its own',
    ],
    [
      'one that was there is not claimed',
      (s) =>
        s
          .write(BY.person, 'n1', { taints: [GPU, OURS] })
          .write(BY.worker, 'n1', { taint: 'a/waits' }),
      'the worker claims the taint a/waits:PreferNoSchedule on n1',
    ],
    [
      'ours is not left without its name',
      (s) => tainted(s).write(BY.worker, 'n1', { taint: undefined }),
      'the worker left its taint a/waits:PreferNoSchedule on n1',
    ],
    [
      'nor on a node that is taken',
      (s) => tainted(s).take('n1'),
      'n1 is in a rollout and bears the taint a/waits of those who wait',
    ],
  ]);
});
