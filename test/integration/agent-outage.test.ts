import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeOrder } from '../../domain/node-contract.ts';
import type { Cluster } from '../../lab/cluster/contract.ts';
import { startCluster } from '../../lab/cluster/start.ts';
import { openAgentScene, type AgentNode, type AgentScene } from './agent-scene.ts';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';

/** A cluster of its own, for others must not lose their API server. */
let cluster: Cluster;
let scene: AgentScene;
let node: AgentNode;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-agent-outage-'));
  const { tools } = lab();
  const { signal } = new AbortController();
  cluster = await startCluster({
    dir,
    tools,
    log: () => undefined,
    signal,
    ui: false,
    temporalDb: 'memory',
  });
  scene = await openAgentScene(cluster);
});
afterAll(async () => {
  await scene.close();
  await cluster.stop();
  await rm(dir, { recursive: true, force: true });
});

afterEach(async () => {
  await scene.witness.assertClean();
});

const anOrder = (run: number) =>
  writeOrder({
    bootId: node.host.boot,
    rollout: `node-rollout/test/run-${run}`,
    expiresAtMs: Date.now() + 60_000,
  });

describe('an agent whose API server goes away in mid-watch', () => {
  test('reports what changed meanwhile and obeys an order, once the server is back', async () => {
    node = await scene.addNode();
    node.start();
    await eventually(async () => (await node.condition())?.status === 'False');
    await cluster.kill('kube-apiserver');
    node.host.sentinel = { wants: 'required', message: 'seen in the dark' };
    await eventually(() => node.warnings.length > 0);
    await cluster.start('kube-apiserver');
    await eventually(async () => (await node.condition())?.message === 'seen in the dark');
    await eventually(async () => {
      await node.order(anOrder(1));
      return true;
    });
    await eventually(() => node.host.rebooted === 1);
  });

  test('G4: obeys once although the server fell silent between order and acceptance', async () => {
    node = await scene.addNode();
    const { host } = node;
    let frozen = false;
    host.beforeBootId = () => {
      if (frozen) return;
      frozen = true;
      cluster.freeze('kube-apiserver');
      // Longer than the agent waits for an answer, so that it does not know whether it accepted.
      setTimeout(() => cluster.thaw('kube-apiserver'), 11_000);
    };
    await node.order(anOrder(2));
    node.start();
    await eventually(() => host.rebooted > 0, 60_000);
    expect((await eventually(async () => (await node.answer()) ?? false)).verdict).toBe('accepted');
    await node.judged(() => node.order(anOrder(2)));
    expect(host.rebooted).toBe(1);
  });
});
