import { expect, test } from '@jest/globals';
import { environmentOf } from './container.ts';

const container = {
  name: 'agent',
  env: [
    { name: 'PERIOD', value: '1m' },
    { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    { name: 'FILE', value: '/sentinel/reboot-required' },
  ],
  volumeMounts: [{ name: 'sentinel', mountPath: '/sentinel' }],
};
const around = { fields: { 'spec.nodeName': 'worker-1' }, mounts: { '/sentinel': '/lab/run' } };

test('a container has its values, the fields of its pod, and its mounts on this machine', () => {
  expect(environmentOf(container, around)).toEqual({
    PERIOD: '1m',
    NODE: 'worker-1',
    FILE: '/lab/run/reboot-required',
  });
});

test('a mount or a field that the lab does not have is named', () => {
  expect(() => environmentOf(container, { fields: around.fields })).toThrow('/sentinel into agent');
  expect(() => environmentOf(container, { mounts: around.mounts })).toThrow('the value of NODE');
});
