import { describe, expect, test } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { RolloutStatus } from '../../domain/status.ts';
import { whyItWaits } from '../../domain/why-it-waits.ts';
import { pendingOf } from './pending.ts';

const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

test.each<{ name: string; payloads: Payload[]; heartbeat: unknown }>([
  { name: 'its details', payloads: [payload({ evicted: 2 })], heartbeat: { evicted: 2 } },
  { name: 'nothing, when it has none', payloads: [], heartbeat: undefined },
  { name: 'nothing, without details', payloads: [payload(undefined)], heartbeat: undefined },
  {
    name: 'nothing, when they are encrypted',
    payloads: [{ metadata: { encoding: text('binary/encrypted') }, data: text('x') }],
    heartbeat: undefined,
  },
  {
    name: 'nothing, when they are cut off',
    payloads: [{ metadata: { encoding: text('json/plain') }, data: text('{"a":') }],
    heartbeat: undefined,
  },
])('the heartbeat of an activity tells $name', ({ payloads, heartbeat }) => {
  const raw = { pendingActivities: [{ heartbeatDetails: { payloads } }] };
  expect(pendingOf({ raw })).toEqual([{ heartbeat }]);
});

describe('why a drain waits is', () => {
  const blocker = { what: 'shop/web-0', because: 'its budget has no room', sinceMs: 0 };
  const drain = { podsLeft: 1, evicted: 2, warnings: [], atMs: 0 };
  const status: RolloutStatus = {
    node: 'n1',
    pool: 'workers',
    phase: {
      at: 'draining',
      sinceMs: 0,
      drain: { ...drain, blockers: [{ ...blocker, because: 'EOF' }] },
    },
    skipped: [],
    notUnderstood: [],
  };
  const heartbeatDetails = { payloads: [payload({ ...drain, blockers: [blocker] })] };
  const lastFailure = { message: 'the API server is away' };
  const why = (activity: object) =>
    whyItWaits(status, pendingOf({ raw: { pendingActivities: [activity] } }));

  test('N5: what the attempt under way says, not what the one before failed with', () => {
    expect(why({ state: 2, lastFailure, heartbeatDetails })).toBe(
      'shop/web-0: its budget has no room',
    );
  });

  test('what the last attempt failed with until there is another, or until that has something to say', () => {
    expect(why({ state: 1, lastFailure, heartbeatDetails })).toBe('the API server is away');
    expect(why({ state: 2, lastFailure })).toBe('the API server is away');
  });

  test('what the drain has signalled, where the server knows nothing that can be read', () => {
    expect(why({ state: 1, lastFailure: { message: 'Encoded failure' } })).toBe('shop/web-0: EOF');
  });
});
