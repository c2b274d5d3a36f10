import { describe, expect, test } from '@jest/globals';
import { judged, type Row } from './judged.fixture.ts';
import { BY, Story } from './story.fixture.ts';

const ordered = (s: Story): Story => s.take('n1').order('n1');

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
