import { describe, test } from '@jest/globals';
import { judged, type Row } from './judged.fixture.ts';
import { BY, type Story } from './story.fixture.ts';

const cordonedBefore = (s: Story): Story =>
  s.write(BY.person, 'n1', { unschedulable: true }).take('n1', { cordonedByUs: false });

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
