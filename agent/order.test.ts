import { describe, expect, test } from '@jest/globals';
import type { Read, RebootAnswer, RebootOrder } from '../domain/node-contract.ts';
import { judgeOrder } from './order.ts';
import type { OrderFacts } from './order.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const THIS_BOOT = 'boot-1';
const RUN = 'node-rollout/worker-7/run-1';

const read = <T>(value: T): Read<T> => ({ ok: true, value });
const unreadable = { ok: false, because: 'it is not JSON' } as const;

function anOrder(over: Partial<RebootOrder> = {}): RebootOrder {
  return { bootId: THIS_BOOT, rollout: RUN, expiresAtMs: NOW + 60_000, ...over };
}

function anAnswer(over: Partial<RebootAnswer> = {}): RebootAnswer {
  const answer = { bootId: THIS_BOOT, rollout: RUN, because: '', atMs: NOW - 1_000 } as const;
  return { verdict: 'accepted', ...answer, ...over };
}

function facts(over: Partial<OrderFacts> = {}): OrderFacts {
  return { order: read(anOrder()), answer: undefined, bootId: THIS_BOOT, nowMs: NOW, ...over };
}

describe('judgeOrder', () => {
  test.each<{ name: string; given: OrderFacts; does: string; because: string }>([
    {
      name: 'does nothing where there is no order',
      given: facts({ order: undefined }),
      does: 'ignore',
      because: 'there is no order',
    },
    {
      name: 'accepts a fresh order for this boot',
      given: facts(),
      does: 'accept',
      because: 'it is for this boot and in time',
    },
    {
      name: 'accepts an order in its last millisecond',
      given: facts({ order: read(anOrder({ expiresAtMs: NOW + 1 })) }),
      does: 'accept',
      because: 'in time',
    },
    {
      name: 'refuses an order in the millisecond it expires',
      given: facts({ order: read(anOrder({ expiresAtMs: NOW })) }),
      does: 'refuse',
      because: 'expired at 2026-11-23T12:00:00.000Z',
    },
    {
      name: 'refuses an order for another boot and names both',
      given: facts({ order: read(anOrder({ bootId: 'boot-0' })) }),
      does: 'refuse',
      because: 'the order is for boot boot-0, but boot boot-1 is running',
    },
    {
      name: 'refuses an order that cannot be read',
      given: facts({ order: unreadable }),
      does: 'refuse',
      because: 'the order cannot be read: it is not JSON',
    },
    {
      name: 'refuses an unreadable order even where an older order was accepted',
      given: facts({ order: unreadable, answer: read(anAnswer()) }),
      does: 'refuse',
      because: 'cannot be read',
    },
    {
      name: 'accepts a new order where an older one was answered',
      given: facts({ answer: read(anAnswer({ rollout: 'node-rollout/worker-7/run-0' })) }),
      does: 'accept',
      because: 'in time',
    },
    {
      name: 'does not answer twice what it has refused',
      given: facts({ answer: read(anAnswer({ verdict: 'refused' })) }),
      does: 'ignore',
      because: 'refused',
    },
    {
      name: 'does not answer twice what it has refused as expired',
      given: facts({
        order: read(anOrder({ expiresAtMs: NOW - 1 })),
        answer: read(anAnswer({ verdict: 'refused' })),
      }),
      does: 'ignore',
      because: 'refused',
    },
    {
      name: 'does not answer twice an order it could not read',
      given: facts({
        order: unreadable,
        answer: read(anAnswer({ verdict: 'refused', bootId: '', rollout: '' })),
      }),
      does: 'ignore',
      because: 'refused',
    },
    {
      name: 'acts on an order accepted in this boot',
      given: facts({ answer: read(anAnswer()) }),
      does: 'act',
      because: 'accepted in this boot',
    },
    {
      name: 'does no more about an accepted order that has expired than say so',
      given: facts({
        order: read(anOrder({ expiresAtMs: NOW })),
        answer: read(anAnswer()),
      }),
      does: 'give up',
      because: 'expired before the reboot could be started: reboot the machine by hand',
    },
    {
      name: 'does nothing about an order carried out in an earlier boot',
      given: facts({ answer: read(anAnswer()), bootId: 'boot-2' }),
      does: 'ignore',
      because: 'an earlier boot',
    },
    {
      name: 'does nothing more once the reboot is started',
      given: facts({ answer: read(anAnswer()), rebootingFor: RUN }),
      does: 'ignore',
      because: 'the reboot has been started',
    },
    {
      name: 'refuses a second order while the first one is being carried out',
      given: facts({ rebootingFor: 'node-rollout/worker-7/run-0' }),
      does: 'refuse',
      because: 'told to reboot already, for node-rollout/worker-7/run-0',
    },
    {
      name: 'refuses where the standing answer is unreadable, for it may be our own acceptance',
      given: facts({ answer: unreadable }),
      does: 'refuse',
      because: 'the answer already on the node cannot be read',
    },
  ])('G4: $name', ({ given, does, because }) => {
    const verdict = judgeOrder(given);
    expect(verdict.do).toBe(does);
    expect(verdict.because).toContain(because);
  });
});
