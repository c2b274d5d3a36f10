import { describe, test } from '@jest/globals';
import { judged, type Row } from './judged.fixture.ts';
import { BY, type Story } from './story.fixture.ts';

const ORDER_OF_ANOTHER = '{"bootId":"boot-1","rollout":"x/y","expires":"2027-01-01T00:00:00Z"}';

const accepted = (s: Story): Story => s.take('n1').order('n1').pods().accept('n1');

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
