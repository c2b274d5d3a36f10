import { mkdtempSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Lab } from '../lab.ts';
import { parseControlArgs } from './args.ts';
import { serveControl, tellLab } from './channel.ts';
import { obey, type LabCommand } from './commands.ts';

/** What was done to a lab that is none; worker-2 is away. */
const done: string[] = [];
const note = (what: string) => async (): Promise<void> => void done.push(what);
const LAB = {
  fleet: {
    nodes: ['worker-1', 'worker-2'],
    machine: (node: string) => ({
      setFault: ({ kind }: { kind: string }) => done.push(`${node} ${kind}`),
      powerOn: () => node === 'worker-2',
    }),
  },
  worker: { stop: note('stop worker'), start: note('start worker') },
  cluster: {
    kill: async (name: string) => void done.push(`kill ${name}`),
    start: async (name: string) => void done.push(`start ${name}`),
  },
} as unknown as Lab;

let dir: string;
let server: Server;
beforeEach(async () => {
  done.length = 0;
  dir = mkdtempSync(join(tmpdir(), 'lockkeeper-control-'));
  server = await serveControl(dir, (command: LabCommand) => obey(LAB, command));
});
afterEach(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

test.each([
  ['fault', 'worker-1=never-returns', 'worker-1 never-returns', /^worker-1: never-returns, from/],
  ['fault', 'worker-2=late:30s', 'worker-2 late', /^worker-2: late, from/],
  ['fault', 'worker-2=none', 'worker-2 none', /^worker-2: none, from/],
  ['stop', 'worker', 'stop worker', /^worker is stopped/],
  ['start', 'worker', 'start worker', /^worker runs$/],
  ['stop', 'temporal', 'kill temporal', /^temporal is stopped/],
  ['start', 'temporal', 'start temporal', /^temporal runs$/],
])('a lab that is told %s %s does it, and says so', async (verb, what, did, said) => {
  expect(await tellLab({ verb, what }, dir)).toEqual({
    ok: true,
    said: expect.stringMatching(said),
  });
  expect(done).toEqual([did]);
});

test('a machine that is away is powered on', async () => {
  const words = { verb: 'power-on', what: 'worker-2' };
  expect(await tellLab(words, dir)).toEqual({ ok: true, said: 'worker-2 is powered on' });
});

describe('says in words', () => {
  const LABS_NODES = 'is not a node of this lab (worker-1 to worker-2)';
  test.each([
    ['fault', 'worker-9=none', `"worker-9" ${LABS_NODES}`],
    ['power-on', 'worker-9', `"worker-9" ${LABS_NODES}`],
    ['power-on', 'worker-1', 'worker-1 is not away'],
    ['stop', 'etcd', 'write worker or temporal, not "etcd"'],
    ['destroy', 'worker-1', 'write one of fault, power-on, stop, start'],
  ])('why %s %s cannot be', async (verb, what, said) => {
    expect(await tellLab({ verb, what }, dir)).toEqual({ ok: false, said });
    expect(done).toEqual([]);
  });

  test('that no lab runs in a directory, also where one did', async () => {
    const said = { ok: false, said: `no lab runs in ${dir}` };
    await new Promise((resolve) => {
      server.close(resolve);
    });
    expect(await tellLab({ verb: 'stop', what: 'worker' }, dir)).toEqual(said);
  });

  test.each([
    ['worker-1', /^fault: write NODE= and one of never-returns, .*, not "worker-1"$/],
    ['worker-1=late:soon', /^fault: write NODE= and one of .*late:30s/],
    ['', /^fault: /],
  ])('how a fault is written that is not "%s"', (what, rule) => {
    const parsed = parseControlArgs('fault', [what]);
    expect(parsed).toEqual({ kind: 'wrong', problems: [expect.stringMatching(rule)] });
  });
});

test('nobody but the user of the lab may tell it anything', () => {
  expect(statSync(join(dir, 'control.sock')).mode & 0o777).toBe(0o600);
});

test('a command takes the directory of its lab', () => {
  expect(parseControlArgs('stop', ['worker', '--dir', '/a'])).toEqual({
    kind: 'run',
    args: { verb: 'stop', what: 'worker', dir: '/a' },
  });
});
