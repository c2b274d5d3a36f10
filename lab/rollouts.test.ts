import { expect, test } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { pendingOf } from './rollouts.ts';

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
