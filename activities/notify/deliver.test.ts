import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { Notice } from '../../domain/notifications/events.ts';
import { Policy } from '../../domain/policy.ts';
import { Stage } from '../testing/stage.ts';
import { deliver } from './deliver.ts';
import { NotSent } from './not-sent.ts';

const notice: Notice = { id: '1', event: 'draining', atMs: 0, node: 'n1', pool: 'workers' };
const policy = Policy.parse({
  pools: [{ name: 'workers', nodes: 'pool=workers' }],
  notifications: [{ name: 'ops', slack: '${A}' }],
});

const to = (stage: Stage, receiver: string): Promise<unknown> =>
  stage.environment.run(() =>
    deliver({ ...stage.deps, policy: { current: () => policy, hash: '' } }, { receiver, notice }),
  );

async function failureOf(attempt: number, refuse: Error) {
  const stage = new Stage({}, { attempt });
  stage.messenger.refuse = refuse;
  const failure: unknown = await to(stage, 'ops').catch((error: unknown) => error);
  if (!(failure instanceof ApplicationFailure)) throw new Error('it did not fail');
  return { failure, stage };
}

describe('a delivery', () => {
  test('goes to the receiver that the policy has under that name', async () => {
    const stage = new Stage();
    await to(stage, 'ops');
    expect(stage.messenger.sent).toEqual([{ receiver: 'ops', notice }]);
  });

  test('to one that has left the policy is over', async () => {
    const stage = new Stage();
    await to(stage, 'former');
    expect(stage.messenger.sent).toEqual([]);
    expect(stage.logged).toEqual(['receiver has left the policy, and is not notified']);
  });

  test('that is not taken is tried again, with the name of the receiver and the reason', async () => {
    const { failure } = await failureOf(1, new NotSent('it answers 500'));
    expect(failure).toMatchObject({
      type: 'not-delivered',
      message: 'ops: it answers 500',
      nonRetryable: false,
      category: 'BENIGN',
    });
    expect(failure.nextRetryDelay).toBeUndefined();
  });

  test('is tried again when the receiver says', async () => {
    const { failure } = await failureOf(1, new NotSent('it answers 429', 30_000));
    expect(failure.nextRetryDelay).toBe(30_000);
  });

  test('says nothing of an error that is not its own but its code', async () => {
    const error = Object.assign(new Error('https://T0PS3CRET'), { code: 'EPIPE' });
    const { failure } = await failureOf(1, error);
    expect(failure.message).toBe('ops: it cannot be notified (EPIPE)');
    expect(failure.cause).toBeUndefined();
    expect(failure.stack).toBe('');
  });

  test.each([
    [1, 1],
    [2, 0],
    [10, 0],
    [11, 1],
  ])('try %i is logged %i times', async (attempt, lines) => {
    const { stage } = await failureOf(attempt, new NotSent('it answers 500'));
    expect(stage.logged).toHaveLength(lines);
  });
});
