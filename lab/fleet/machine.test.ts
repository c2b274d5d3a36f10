import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { planBoot, type Fault } from './fault.ts';
import { createMachine, type Machine } from './machine.ts';
import { createNodeFiles, hasFile, nodeFiles, type NodeFiles } from './node-files.ts';

describe('planBoot', () => {
  test.each<{ name: string; fault: Fault; expected: object }>([
    {
      name: 'a healthy machine is away, has a new boot id and no sentinel',
      fault: { kind: 'none' },
      expected: { downMs: 100, newBootId: true, clearsSentinel: true },
    },
    {
      name: 'one that never returns has no end of its absence',
      fault: { kind: 'never-returns' },
      expected: { downMs: undefined, newBootId: true, clearsSentinel: true },
    },
    {
      name: 'one whose kernel did not restart keeps boot id and sentinel',
      fault: { kind: 'same-boot-id' },
      expected: { downMs: 100, newBootId: false, clearsSentinel: false },
    },
    {
      name: 'a late one is away for longer',
      fault: { kind: 'late', byMs: 50 },
      expected: { downMs: 150, newBootId: true, clearsSentinel: true },
    },
    {
      name: 'one that installs nothing keeps the sentinel only',
      fault: { kind: 'sentinel-stays' },
      expected: { downMs: 100, newBootId: true, clearsSentinel: false },
    },
  ])('$name', ({ fault, expected }) => expect(planBoot(fault, 100)).toEqual(expected));
});

describe('a machine', () => {
  let dir: string;
  let files: NodeFiles;
  let steps: string[];
  let machine: Machine;
  let reachedDown: PromiseWithResolvers<void>;

  const step = (name: string) => async () => {
    steps.push(name);
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lockkeeper-machine-'));
    files = nodeFiles(dir, 'worker-1');
    await createNodeFiles(files, 'first');
    steps = [];
    reachedDown = Promise.withResolvers<void>();
    machine = createMachine({
      node: 'worker-1',
      files,
      downForMs: 1,
      power: {
        async off() {
          steps.push('off');
          reachedDown.resolve();
        },
        on: async (bootId) => {
          steps.push(bootId === undefined ? 'on, same boot' : 'on, new boot');
        },
      },
      agent: { kill: step('kill agent'), start: step('start agent') },
      log: (line) => steps.push(line),
    });
  });

  afterEach(async () => {
    await machine.stop();
    await rm(dir, { recursive: true });
  });

  test('kills the agent first and starts it last', async () => {
    await machine.requireReboot(['libc6']);
    await machine.reboot();
    expect(steps).toEqual(['kill agent', 'off', 'on, new boot', 'start agent']);
    expect(machine.boots).toBe(1);
    expect(await hasFile(files.sentinel)).toBe(false);
    expect((await readFile(files.bootId, 'utf8')).trim()).not.toBe('first');
  });

  test('asked again while it reboots, reboots once', async () => {
    await Promise.all([machine.reboot(), machine.reboot()]);
    expect(machine.boots).toBe(1);
  });

  test('with the same boot id keeps the file and the sentinel', async () => {
    machine.setFault({ kind: 'same-boot-id' });
    await machine.requireReboot();
    await machine.reboot();
    expect(steps).toContain('on, same boot');
    expect((await readFile(files.bootId, 'utf8')).trim()).toBe('first');
    expect(await hasFile(files.sentinel)).toBe(true);
  });

  test('that flaps goes and comes again in the new boot', async () => {
    machine.setFault({ kind: 'flaps', times: 2, everyMs: 1 });
    await machine.reboot();
    const flap = ['off', 'on, same boot'];
    expect(steps).toEqual(['kill agent', 'off', 'on, new boot', 'start agent', ...flap, ...flap]);
    expect(machine.boots).toBe(1);
  });

  test('that never returns comes back when powered on', async () => {
    machine.setFault({ kind: 'never-returns' });
    const back = machine.reboot();
    await reachedDown.promise;
    expect(steps).toEqual(['kill agent', 'off']);
    machine.powerOn();
    await back;
    expect(steps).toContain('on, new boot');
  });

  test('that is away does not come back after stop', async () => {
    machine.setFault({ kind: 'never-returns' });
    const back = machine.reboot().catch((error: unknown) => String(error));
    await reachedDown.promise;
    await machine.stop();
    expect(await back).toMatch(/abort/i);
    expect(steps).toEqual(['kill agent', 'off']);
  });

  test('reboots when the agent asks, once per asking, and takes the file away', async () => {
    await writeFile(files.rebootAsked, '39\n');
    await reachedDown.promise;
    await machine.reboot();
    expect(steps.filter((name) => name === 'off')).toHaveLength(1);
    expect(await hasFile(files.rebootAsked)).toBe(false);
  });
});
