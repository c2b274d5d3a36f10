import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { KubeClient } from './client.ts';
import { followFleet, type FleetView } from './fleet-view.ts';

type OnEvent = (type: string, object: object) => void;

const node = (name: string, ready = 'True') => ({
  metadata: { name, resourceVersion: '1' },
  status: { conditions: [{ type: 'Ready', status: ready }] },
});

/** An API server with two nodes on two pages, whose streams the test holds. */
class FakeServer {
  lists = 0;
  refuses = false;
  names = ['n1', 'n2'];
  streams: { onEvent: OnEvent; end: () => void; aborted: boolean }[] = [];

  client(): KubeClient {
    return {
      core: { listNode: async ({ _continue }: { _continue?: string }) => this.list(_continue) },
      watch: {
        watch: async (_path: string, query: { resourceVersion: string }, ...on: never[]) => {
          const [onEvent, end] = on as unknown as [OnEvent, () => void];
          expect(query.resourceVersion).toBe('7');
          const stream = { onEvent, end, aborted: false };
          this.streams.push(stream);
          return { abort: () => (stream.aborted = true) };
        },
      },
    } as unknown as KubeClient;
  }

  private list(from: string | undefined) {
    if (this.refuses) throw new Error('no route to host');
    this.lists += 1;
    const [first = '', ...others] = this.names;
    return from === undefined
      ? { items: [node(first)], metadata: { _continue: 'more', resourceVersion: '7' } }
      : { items: others.map((name) => node(name)), metadata: { resourceVersion: '7' } };
  }

  get stream() {
    const stream = this.streams.at(-1);
    if (!stream) throw new Error('nobody watches');
    return stream;
  }
}

let server: FakeServer;
let stop: AbortController;
let fleet: FleetView;

beforeEach(async () => {
  jest.useFakeTimers();
  server = new FakeServer();
  stop = new AbortController();
  fleet = followFleet(server.client(), stop.signal);
  await jest.advanceTimersByTimeAsync(0);
});
afterEach(() => {
  stop.abort();
  jest.useRealTimers();
});

const names = () => fleet.nodes()?.map(({ name }) => name);

test('every page is seen, then every change', () => {
  expect(names()).toEqual(['n1', 'n2']);
  server.stream.onEvent('MODIFIED', node('n1', 'False'));
  server.stream.onEvent('ADDED', node('n3'));
  server.stream.onEvent('DELETED', node('n2'));
  expect(fleet.nodes()?.map(({ name, ready }) => [name, ready])).toEqual([
    ['n1', false],
    ['n3', true],
  ]);
});

test('who listens to a node is shown its changes and its end, until it stops', async () => {
  const seen: unknown[] = [];
  const stopListening = fleet.onChange('n1', (shown) => seen.push(shown?.ready ?? 'gone'));
  server.stream.onEvent('MODIFIED', node('n2', 'False'));
  server.stream.onEvent('MODIFIED', node('n1', 'False'));
  server.stream.onEvent('DELETED', node('n1'));
  server.stream.onEvent('ADDED', node('n1'));
  expect(seen).toEqual([false, 'gone', true]);
  stopListening();
  server.stream.onEvent('MODIFIED', node('n1', 'False'));
  expect(seen).toHaveLength(3);
});

test('nodes not heard of for long are not told of, until the server is back', async () => {
  server.refuses = true;
  server.stream.end();
  await jest.advanceTimersByTimeAsync(149_000);
  expect(names()).toEqual(['n1', 'n2']);
  await jest.advanceTimersByTimeAsync(2_000);
  expect(names()).toBeUndefined();
  server.refuses = false;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(names()).toEqual(['n1', 'n2']);
});

test('the stream ends with the worker', async () => {
  stop.abort();
  await jest.advanceTimersByTimeAsync(0);
  expect(server.stream.aborted).toBe(true);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(server.lists).toBe(2);
});
