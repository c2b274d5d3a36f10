import { expect, jest, test } from '@jest/globals';
import type { ClusterProcess } from './contract.ts';
import { reviver } from './revive.ts';

function aLab(
  start: (name: ClusterProcess) => Promise<void>,
  signal = new AbortController().signal,
) {
  const said: string[] = [];
  const calls = jest.fn(start);
  const revive = reviver({ start: calls, log: (line) => said.push(line), signal, pauseMs: 1 });
  return { revive, calls, said };
}

test('a client of the API server is started again, and the reason is said', async () => {
  const { revive, calls, said } = aLab(() => Promise.resolve());
  expect(await revive('kube-controller-manager', 'it ended')).toBeUndefined();
  expect(calls).toHaveBeenCalledWith('kube-controller-manager');
  expect(said).toEqual(['it ended; starting it again']);
});

test('a server is not started again: its end is reported at once', async () => {
  const { revive, calls } = aLab(() => Promise.resolve());
  expect(await revive('etcd', 'etcd ended')).toBe('etcd ended');
  expect(calls).not.toHaveBeenCalled();
});

test('a client that does not come up is reported with what it said last', async () => {
  const { revive, calls } = aLab(() => Promise.reject(new Error('kwok ended again')));
  expect(await revive('kwok', 'kwok ended')).toBe('kwok ended again');
  expect(calls).toHaveBeenCalledTimes(5);
});

test('nothing is started while the lab is being stopped', async () => {
  const { revive, calls } = aLab(() => Promise.resolve(), AbortSignal.abort());
  expect(await revive('kwok', 'kwok ended')).toBeUndefined();
  expect(calls).not.toHaveBeenCalled();
});
