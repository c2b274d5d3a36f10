import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { NodeView } from './node-view.ts';
import { FakeNodes } from './testing/fake-cluster.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  jest.useRealTimers();
});

const onStage = () => {
  const nodes = new FakeNodes().add('n1');
  return { nodes, view: new NodeView(nodes, 'n1') };
};

describe('a view of a node', () => {
  test('shows the node at once', async () => {
    const { view } = onStage();
    expect(await view.next(5_000)).toMatchObject({ name: 'n1', ready: true });
  });

  test('wakes as soon as the node changes', async () => {
    const { nodes, view } = onStage();
    await view.next(5_000);
    const looking = view.next(5_000);
    nodes.change('n1', { ready: false });
    expect(await looking).toMatchObject({ ready: false });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('does not lose a change between two looks', async () => {
    const { nodes, view } = onStage();
    await view.next(5_000);
    nodes.change('n1', { ready: false });
    expect(await view.next(5_000)).toMatchObject({ ready: false });
  });

  test('shows the same again when nothing has changed for a while', async () => {
    const { view } = onStage();
    await view.next(5_000);
    const looking = view.next(5_000);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await looking).toMatchObject({ name: 'n1' });
  });

  test('tells a node that is gone from one not seen yet', async () => {
    const { nodes, view } = onStage();
    nodes.remove('n1');
    expect(await view.next(5_000)).toBeNull();

    const blind = new FakeNodes();
    blind.follow = () => Promise.resolve();
    const looking = new NodeView(blind, 'n1').next(5_000);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await looking).toBeUndefined();
  });

  test('shows nothing any more once it is closed', async () => {
    const { view } = onStage();
    await view.next(5_000);
    view.close();
    await expect(view.next(5_000)).rejects.toThrow('aborted');
  });
});
