import { describe, expect, test } from '@jest/globals';
import { nodeFacts, type NodeFacts } from '../../domain/node-facts.ts';
import { NodeLog } from './evidence.ts';

function facts(bootID: string, more: { ready?: boolean; cordoned?: boolean } = {}): NodeFacts {
  return nodeFacts({
    metadata: { name: 'worker-1' },
    spec: { unschedulable: more.cordoned ?? false },
    status: {
      nodeInfo: { bootID },
      conditions: [{ type: 'Ready', status: (more.ready ?? true) ? 'True' : 'False' }],
    },
  });
}

describe('NodeLog', () => {
  test('keeps every boot id once, in order, also one that comes back', () => {
    const log = new NodeLog();
    for (const id of ['', 'a', 'a', 'b', 'a']) log.note(facts(id), 0);
    expect(log.bootIds('worker-1')).toEqual(['a', 'b', 'a']);
  });

  test('until says what it waited for and what it saw last', async () => {
    const log = new NodeLog();
    log.note(facts('a', { ready: false, cordoned: true }), 0);
    await expect(log.until('worker-1', 'Ready', ({ ready }) => ready, 1)).rejects.toThrow(
      'worker-1: not Ready within 0.001 s; last seen NotReady, cordoned, boot a',
    );
  });

  test('until tells who waits when the watch ends', async () => {
    const log = new NodeLog();
    const waiting = log.until('worker-1', 'Ready', ({ ready }) => ready, 60_000);
    log.end();
    await expect(waiting).rejects.toThrow('worker-1: not Ready before the watch ended');
  });
});
