import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster/contract.ts';
import { startGuard, type Guard } from '../cluster/guard.ts';
import { freePorts } from '../cluster/ports.ts';
import type { ManagedProcess } from '../cluster/process.ts';
import { startCluster } from '../cluster/start.ts';
import { startEvidence, type Evidence } from '../fleet/evidence.ts';
import { aborted } from '../fleet/fleet.ts';
import { connectKube, type Kube } from '../fleet/kube.ts';
import { ensureMachineTools, ensureTools } from '../tools/ensure.ts';
import { progressOf } from '../tools/progress.ts';
import type { ProgressSink, Tools } from '../tools/contract.ts';
import { limitsOfFile } from '../witness/limits.ts';
import { startWitness, type Witness } from '../witness/witness.ts';
import { createAuthority, type Authority } from '../proxy/authority.ts';
import { accelerationHere } from './acceleration.ts';
import { adopt } from './cloud.ts';
import { makeDisk, type Disk } from './disk.ts';
import { archiveImages, BASE } from './images.ts';
import { nodeConfig, type NodeOptions } from './join.ts';
import { Machine, type Acceleration } from './qemu.ts';
import { policyPath } from './lockkeeper.ts';
import { demandMachines } from './possible.ts';
import { rootArchive } from './root.ts';
import { startStorage } from './storage.ts';

/** A machine as its owner describes it. */
export interface MachineWish extends Partial<Omit<NodeOptions, 'port' | 'number'>> {
  readonly name: string;
}

/** A control plane with real machines as its nodes. */
export interface MachineLab {
  readonly cluster: Cluster;
  readonly kube: Kube;
  readonly evidence: Evidence;
  readonly witness: Witness;
  readonly acceleration: Acceleration;
  /** Boots a machine that becomes a node; resolves when that is Ready. */
  add(wish: MachineWish): Promise<Machine>;
  /** Ends everything; may be called at any time and more than once. */
  stop(): Promise<void>;
}

const MEMORY_MB = 3_072;
/** A machine that is emulated beside others, on a host that has much to do. */
export const JOINS_WITHIN_MS = 15 * 60_000;

/** Makes what machines boot from, and brings up the control plane; no machine yet. */
export async function startMachineLab(options: {
  readonly dir: string;
  readonly log: ProgressSink;
  readonly signal: AbortSignal;
}): Promise<MachineLab> {
  await demandMachines();
  const lab = new Lab(options);
  try {
    await lab.start();
    return lab;
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

class Lab implements MachineLab {
  readonly #dir: string;
  readonly #log: ProgressSink;
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  readonly #guard: Guard = startGuard();
  readonly #machines: Machine[] = [];
  #authority: Authority | undefined;
  #disk: Disk | undefined;
  #storage: ManagedProcess | undefined;
  #stopping: Promise<void> | undefined;
  #number = 0;
  #cluster: Cluster | undefined;
  #kube: Kube | undefined;
  #evidence: Evidence | undefined;
  #witness: Witness | undefined;
  #acceleration: Acceleration | undefined;

  constructor({ dir, log, signal }: Parameters<typeof startMachineLab>[0]) {
    this.#dir = dir;
    this.#log = log;
    this.#signal = AbortSignal.any([signal, this.#ending.signal]);
  }

  get cluster(): Cluster {
    return there(this.#cluster);
  }
  get kube(): Kube {
    return there(this.#kube);
  }
  get evidence(): Evidence {
    return there(this.#evidence);
  }
  get witness(): Witness {
    return there(this.#witness);
  }
  get acceleration(): Acceleration {
    return there(this.#acceleration);
  }

  async start(): Promise<void> {
    const [log, signal] = [this.#log, this.#signal];
    await mkdir(this.#dir, { recursive: true });
    const tools = await ensureTools({ log, signal });
    const { kubelet, localPathProvisioner } = await ensureMachineTools({ log, signal });
    this.#disk = await this.#makeDisk(kubelet);
    const acceleration = accelerationHere(this.#disk, { log, signal });
    // Met below; until then a failure must not count as unhandled.
    acceleration.catch(() => undefined);
    await this.#startCluster(tools);
    this.#acceleration = await acceleration;
    const where = { cluster: this.cluster, kube: this.kube };
    const context = { guard: this.#guard, onDeath: log };
    this.#storage = await startStorage(
      { program: localPathProvisioner, image: BASE },
      where,
      context,
    );
    await this.#storage.start(signal);
  }

  async #startCluster(tools: Tools): Promise<void> {
    const [dir, log, signal] = [this.#dir, this.#log, this.#signal];
    const kubeletAuthority = await createAuthority('kubelets');
    this.#authority = kubeletAuthority;
    const cluster = await startCluster({ dir, tools, log, signal, ui: false, kubeletAuthority });
    this.#cluster = cluster;
    // The one that is tried comes with the chart, in a pod.
    await cluster.kill('temporal');
    this.#kube = connectKube(cluster, cluster.adminToken);
    this.#evidence = await startEvidence(this.#kube);
    this.#witness = await startWitness({ cluster, limits: limitsOfFile(policyPath(dir)) });
  }

  async #makeDisk(kubelet: string): Promise<Disk> {
    const root = await rootArchive(this.#log);
    const images = join(this.#dir, 'images.tar');
    await archiveImages(images, { log: this.#log, signal: this.#signal });
    const disk = await progressOf('machine', this.#log).during(
      () => 'making its disk',
      () => makeDisk({ root, kubelet, images }, this.#dir),
    );
    await rm(images);
    return disk;
  }

  async add(wish: MachineWish): Promise<Machine> {
    const { name, labels = {}, taints = [] } = wish;
    const dir = join(this.#dir, name);
    await mkdir(dir);
    const [port = 0] = await freePorts(1);
    this.#number += 1;
    const node = { ...wish, labels, taints, port, number: this.#number };
    const config = await nodeConfig(this.cluster, there(this.#authority), { ...node, dir });
    const disk = there(this.#disk);
    const console = join(this.cluster.logsDir, `${name}.console.log`);
    const { acceleration } = this;
    const lifetime = this.#signal;
    const parts = { name, dir, disk, config, port, acceleration, console, lifetime };
    const dead = new AbortController();
    const onDeath = (line: string): void => {
      this.#log(line);
      dead.abort(new Error(line));
    };
    const context = { guard: this.#guard, onDeath };
    const machine = await Machine.make({ ...parts, memoryMb: MEMORY_MB }, context);
    this.#machines.push(machine);
    const late = AbortSignal.timeout(JOINS_WITHIN_MS);
    const signal = AbortSignal.any([lifetime, dead.signal, late]);
    await progressOf(name, this.#log).during(
      () => `boots and joins, console ${machine.console}`,
      async () => {
        await machine.powerOn(lifetime);
        await adopt(this.kube, name, signal);
        const ready = this.evidence.until(name, 'Ready', (node) => node.ready, JOINS_WITHIN_MS);
        await Promise.race([ready, aborted(signal)]);
      },
    );
    this.#log(`${name} is a node, and Ready`);
    return machine;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#ending.abort(new Error('the lab is being stopped'));
    await Promise.all(this.#machines.map((machine) => machine.cutPower()));
    await Promise.all([this.#storage?.stop(), this.#evidence?.stop(), this.#witness?.stop()]);
    this.#kube?.close();
    await this.#cluster?.stop();
    this.#guard.close();
  }
}

function there<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the lab has not been started');
  return part;
}
