import { systemClock, type Clock } from '../activities/clock.ts';
import { AGENT_HEARTBEAT_MS } from '../domain/node-contract.ts';
import { AdmissionProbe } from './admission-probe.ts';
import type { AgentConfig } from './config.ts';
import type { Host } from './host.ts';
import { createKube } from './kube.ts';
import { createLog } from './log.ts';
import type { Log } from './log.ts';
import { OrderDesk } from './orders.ts';
import { Reporter } from './report.ts';
import type { Sentinel } from './sentinel.ts';
import { watchNode } from './watch.ts';
import type { SeenNode } from './watch.ts';

export interface AgentParts {
  readonly config: Pick<AgentConfig, 'node' | 'periodMs' | 'logFormat' | 'kube'>;
  readonly host: Host;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly signal: AbortSignal;
}

/**
 * Watches the host and reports; watches the node and obeys. Resolves soon after `signal` fires.
 * No outage of the API server ends it; it rejects only for a fault of its own.
 */
export async function runAgent(parts: AgentParts): Promise<void> {
  const { config, host, clock = systemClock } = parts;
  const { node, periodMs } = config;
  const log = parts.log ?? createLog(config.logFormat, { node });
  const kube = createKube(config.kube);
  const reporter = new Reporter({ kube, node, clock, log });
  const probe = new AdmissionProbe({ kube, node, clock, log });
  const desk = new OrderDesk({ kube, node, host, clock, log });
  const onNode = createNodeSeer(reporter, (seen) => desk.see(seen), log);
  const own = new AbortController();
  const signal = AbortSignal.any([parts.signal, own.signal]);
  try {
    await Promise.all([
      checkForEver({ host, clock, periodMs, reporter, probe }, signal),
      reporter.run(signal),
      watchNode({ kube, node, clock, log, onNode }, signal),
      desk.run(signal),
      probe.run(signal),
    ]);
  } finally {
    // One part has failed, or all have ended: none may go on alone.
    own.abort();
    kube.close();
  }
}

interface Checking {
  readonly host: Host;
  readonly clock: Clock;
  readonly periodMs: number;
  readonly reporter: Reporter;
  readonly probe: AdmissionProbe;
}

/**
 * Checks the sentinel every period and hands each finding to the reporter. A period longer than a heartbeat is
 * bridged with the last finding; a check that hangs is not, so that an agent stuck in one falls silent.
 */
async function checkForEver(checking: Checking, signal: AbortSignal): Promise<void> {
  const { host, clock, periodMs, reporter, probe } = checking;
  while (!signal.aborted) {
    const sentinel = await check(host);
    const nextMs = clock.now() + periodMs;
    while (!signal.aborted && clock.now() < nextMs) {
      reporter.say({
        wants: sentinel.wants,
        message: probe.addTo(sentinel.message),
        heardAtMs: clock.now(),
      });
      await clock.pause(Math.min(nextMs - clock.now(), AGENT_HEARTBEAT_MS), signal);
    }
  }
}

async function check(host: Host): Promise<Sentinel> {
  try {
    return await host.checkSentinel();
  } catch (error) {
    return { wants: 'unknown', message: error instanceof Error ? error.message : String(error) };
  }
}

function createNodeSeer(
  reporter: Reporter,
  see: (node: SeenNode | undefined) => void,
  log: Log,
): (node: SeenNode | undefined) => void {
  let uid: string | undefined;
  return (node) => {
    if (node === undefined) log.warn('there is no Node object of this name');
    else if (uid !== undefined && uid !== node.uid) reporter.forget();
    uid = node?.uid ?? uid;
    see(node);
  };
}
