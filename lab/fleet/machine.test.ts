import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createMachine } from './machine.ts';
import { createNodeFiles, nodeFiles } from './node-files.ts';

const nothing = async (): Promise<void> => undefined;

test('a machine that is powered on at once is not back within the second in which it went', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-machine-'));
  const files = nodeFiles(dir, 'worker-1');
  await createNodeFiles(files, 'boot-1');
  let wentAt = 0;
  let cameAt = 0;
  const machine = createMachine({
    node: 'worker-1',
    files,
    downForMs: 0,
    fault: { kind: 'never-returns' },
    power: {
      off: async () => void (wentAt = performance.now()),
      on: async () => void (cameAt = performance.now()),
    },
    agent: { kill: nothing, start: nothing },
    log: () => undefined,
  });
  try {
    const reboot = machine.reboot();
    while (!machine.powerOn()) await new Promise(setImmediate);
    await reboot;
    expect(cameAt - wentAt).toBeGreaterThanOrEqual(999);
  } finally {
    await machine.stop();
    await rm(dir, { recursive: true });
  }
});
