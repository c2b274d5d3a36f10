import { mkdtemp, readdir, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../domain/message-of.ts';
import { openDir, removeDir } from '../dir.ts';
import { aborted } from '../fleet/fleet.ts';
import { interruption } from '../images/tool.ts';
import { ensureTool } from '../tools/ensure.ts';
import type { ProgressSink } from '../tools/contract.ts';
import { say } from '../witness/witness.ts';
import type { MachinesArgs } from './args.ts';
import { demandMachines } from './possible.ts';
import { JOINS_WITHIN_MS, startMachineLab, type MachineLab } from './lab.ts';
import { installLockkeeper, rolloutStory, type RolloutStory } from './lockkeeper.ts';
import type { Machine } from './qemu.ts';

/** As a kernel's package would call itself. */
const PACKAGE = 'linux-image-6.1.0-99-cloud-amd64';
const LOOK_EVERY_MS = 1_000;

/** Brings up machines, installs Lockkeeper, asks for reboots, and stays until the signal or, with --once, until all are back. */
export async function runMachines(
  args: MachinesArgs,
  log: ProgressSink,
  signal: AbortSignal,
): Promise<number> {
  signal.addEventListener('abort', () => interruption.abort(signal.reason));
  await demandMachines();
  const dir = await openDir(args.dir);
  let lab: MachineLab | undefined;
  try {
    const helm = await ensureTool('helm', { log, signal });
    lab = await startMachineLab({ dir, log, signal });
    const names = Array.from({ length: args.machines }, (_, index) => `machine-${index + 1}`);
    const machines: Machine[] = [];
    for (const name of names) machines.push(await lab.add({ name }));
    log('installing Lockkeeper, as the README does');
    await installLockkeeper(helm, { ...lab.cluster, dir });
    const code = await rollAll({ lab, machines, log, signal });
    if (args.once || code !== 0) return code;
    log(`export KUBECONFIG=${lab.cluster.kubeconfigPath}`);
    log('Ctrl-C ends the lab');
    await aborted(signal).catch(() => undefined);
    return 0;
  } finally {
    await lab?.stop();
    if (args.dir === undefined) log(await keepLogs(dir));
    else log(`everything is in ${dir}`);
  }
}

interface Rolling {
  readonly lab: MachineLab;
  readonly machines: readonly Machine[];
  readonly log: ProgressSink;
  readonly signal: AbortSignal;
}

/** Asks every machine to ask for a reboot, tells what happens, and answers with the exit code. */
async function rollAll({ lab, machines, log, signal }: Rolling): Promise<number> {
  const { evidence, witness, cluster } = lab;
  witness.onViolation((violation) => log(`!!! ${say(violation)}`));
  let told = 0;
  const tell = (): void => {
    for (const { node, bootId, ready, unschedulable } of evidence.timeline.slice(told)) {
      const words = [ready ? 'Ready' : 'not Ready', unschedulable ? 'cordoned' : 'schedulable'];
      log(`${node}: boot ${bootId}, ${words.join(', ')}`);
    }
    told = evidence.timeline.length;
  };
  tell();
  evidence.onChange(tell);
  const before = new Map<string, string>();
  for (const machine of machines) {
    before.set(machine.name, await machine.bootId(signal));
    await machine.requireReboot(PACKAGE, signal);
    log(`${machine.name}: has written /var/run/reboot-required, for ${PACKAGE}`);
  }
  const within = JOINS_WITHIN_MS * (machines.length + 1);
  const back = machines.map(({ name }) =>
    evidence.until(
      name,
      'back from its reboot',
      ({ bootId, ready, unschedulable }) => bootId !== before.get(name) && ready && !unschedulable,
      within,
    ),
  );
  await Promise.race([Promise.all(back), aborted(signal)]);
  for (const { name } of machines) {
    const { result, history } = await storyOf(cluster, name, signal);
    await writeFile(join(cluster.logsDir, `${name}.history.log`), `${history.join('\n')}\n`);
    log(`${name}: ${result.outcome}: boots ${evidence.bootIds(name).join(', ')}`);
  }
  const once = machines.every(({ name }) => evidence.bootIds(name).length === 2);
  return await witness.assertClean().then(
    () => (once ? 0 : 1),
    (error: unknown) => {
      log(messageOf(error));
      return 1;
    },
  );
}

/** Asked until the worker's pod answers, which has been rebooted as well. */
async function storyOf(
  cluster: MachineLab['cluster'],
  name: string,
  signal: AbortSignal,
): Promise<RolloutStory> {
  for (;;) {
    try {
      return await Promise.race([rolloutStory(cluster, name), aborted(signal)]);
    } catch {
      signal.throwIfAborted();
      await pause(LOOK_EVERY_MS, undefined, { signal });
    }
  }
}

/** Consoles and histories stay, the rest is gigabytes. */
async function keepLogs(dir: string): Promise<string> {
  const logs = join(dir, 'logs');
  const files = await readdir(logs).catch(() => []);
  let said = 'nothing was started';
  if (files.length > 0) {
    const kept = await mkdtemp(join(tmpdir(), 'lockkeeper-machines-logs-'));
    for (const file of files) await rename(join(logs, file), join(kept, file));
    said = `consoles and histories are in ${kept}`;
  }
  await removeDir(dir);
  return said;
}
