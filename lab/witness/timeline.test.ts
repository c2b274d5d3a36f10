import { describe, expect, test } from '@jest/globals';
import type { NodeObject } from './sight.ts';
import { Timeline } from './timeline.ts';

const aNode = (revision: number, name = 'n1'): NodeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, resourceVersion: String(revision) },
});
const ANN = { by: { role: 'other', name: 'ann' }, atMs: 42 } as const;
const WORKER = { by: { role: 'worker', name: 'worker' }, atMs: 43 } as const;
const LONG_AFTER = 60_000;
const SOON = 500;

const revisions = (timeline: Timeline, nowMs: number) =>
  timeline.take(nowMs).map(({ revision }) => revision);

describe('the timeline', () => {
  test('hands writes out in the order of their revisions, however they were heard of', () => {
    const timeline = new Timeline();
    timeline.told(aNode(9, 'n2'), ANN, 0);
    timeline.seen('n2', 9, aNode(9, 'n2'), 10);
    timeline.seen('n1', 8, aNode(8), 20);
    timeline.told(aNode(8), ANN, 30);
    expect(revisions(timeline, SOON + 30)).toEqual([8, 9]);
  });

  test('waits for the author, and holds up what comes after', () => {
    const timeline = new Timeline();
    timeline.seen('n1', 8, aNode(8), 0);
    timeline.told(aNode(9, 'n2'), ANN, 0);
    expect(revisions(timeline, SOON)).toEqual([]);
    timeline.told(aNode(8), WORKER, SOON);
    expect(revisions(timeline, SOON)).toEqual([8, 9]);
  });

  test('but not for ever: the API server may have died before it could tell', () => {
    const timeline = new Timeline();
    timeline.seen('n1', 8, aNode(8), 5);
    expect(timeline.take(LONG_AFTER)).toMatchObject([{ by: { role: 'unknown' }, atMs: 5 }]);
  });

  test('bridges a watch that missed something, by the log alone', () => {
    const timeline = new Timeline();
    timeline.told(aNode(8), ANN, 0);
    expect(timeline.take(SOON)).toMatchObject([{ revision: 8, by: ANN.by }]);
  });

  test('does not give a write to who changed nothing after it', () => {
    const timeline = new Timeline();
    timeline.told(aNode(8), ANN, 0);
    timeline.told(aNode(8), WORKER, 1);
    expect(timeline.take(SOON)).toMatchObject([{ by: ANN.by }]);
    timeline.told(aNode(8), WORKER, SOON);
    expect(timeline.take(LONG_AFTER)).toEqual([]);
  });

  test('does not show again what a list shows again, nor anything older', () => {
    const timeline = new Timeline();
    timeline.told(aNode(8), ANN, 0);
    timeline.take(SOON);
    timeline.seen('n1', 8, aNode(8), SOON);
    timeline.seen('n1', 7, aNode(7), SOON);
    timeline.seen('n2', 6, aNode(6, 'n2'), SOON);
    expect(timeline.take(LONG_AFTER)).toMatchObject([{ name: 'n2' }]);
  });

  test('finds out from a list which nodes have gone unseen', () => {
    const timeline = new Timeline();
    for (const name of ['n1', 'n2', 'n3']) timeline.told(aNode(5, name), ANN, 0);
    timeline.take(SOON);
    timeline.seen('n4', 6, aNode(6, 'n4'), SOON);
    timeline.listed(new Set(['n1']), 9, SOON);
    const gone = timeline.take(LONG_AFTER).filter(({ object }) => object === undefined);
    expect(gone.map(({ name }) => name)).toEqual(['n2', 'n3', 'n4']);
  });

  test('takes a node for gone no later than it was listed', () => {
    const timeline = new Timeline();
    timeline.told(aNode(5), ANN, 0);
    timeline.told(aNode(9, 'n2'), ANN, 0);
    timeline.listed(new Set(['n1']), 7, 0);
    expect(timeline.take(LONG_AFTER).map(({ revision }) => revision)).toEqual([5, 7, 9]);
  });

  test('knows whether something heard of by then is still to come', () => {
    const timeline = new Timeline();
    timeline.seen('n1', 9, aNode(9), 100);
    expect([timeline.isWaiting(99), timeline.isWaiting(100)]).toEqual([false, true]);
    timeline.take(LONG_AFTER);
    expect(timeline.isWaiting(100)).toBe(false);
  });
});
