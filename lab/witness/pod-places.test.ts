import { expect, test } from '@jest/globals';
import { PodPlaces } from './pod-places.ts';

const aPod = (uid: string, nodeName?: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name: 'db-1', uid },
  spec: { ...(nodeName !== undefined && { nodeName }) },
});

test('a pod made anew under its name elsewhere does not stand for the first', () => {
  const places = new PodPlaces();
  const nodeOf = (uid?: string) => places.of({ namespace: 'shop', name: 'db-1', uid })?.node;
  places.note(aPod('u-1', 'n1'));
  expect(nodeOf()).toBe('n1');
  places.note(aPod('u-2'));
  expect([nodeOf('u-1'), nodeOf('u-2'), nodeOf()]).toEqual(['n1', undefined, 'n1']);
  places.note(aPod('u-2', 'n2'));
  expect([nodeOf('u-1'), nodeOf('u-2'), nodeOf()]).toEqual(['n1', 'n2', undefined]);
});
