import { withTemporal, type AccessOptions } from '../access.ts';
import { CommandFailed, EXIT, type Terminal } from '../terminal.ts';
import type { Client } from '@temporalio/client';
import { AGENT_CHECKS } from './agents.ts';
import { CAVEAT_CHECKS } from './caveats.ts';
import { makeChecks, type Check } from './check.ts';
import { CLOCK_CHECKS } from './clocks.ts';
import { KUBERNETES_CHECKS } from './kubernetes.ts';
import { OUTSIDE_CHECKS } from './outside.ts';
import { POLICY_CHECKS } from './policy.ts';
import { POOL_CHECKS } from './pools.ts';
import { printFindings } from './print.ts';
import { RIGHTS_CHECKS } from './rights.ts';
import { TEMPORAL_CHECKS } from './temporal.ts';
import { WORKER_CHECKS } from './workers.ts';
import { World } from './world.ts';

export interface DoctorOptions extends AccessOptions {
  readonly json?: true;
}

/** In the order in which one is of use without the next. */
const CHECKS: readonly Check[] = [
  ...TEMPORAL_CHECKS,
  ...KUBERNETES_CHECKS,
  ...WORKER_CHECKS,
  ...POLICY_CHECKS,
  ...POOL_CHECKS,
  ...AGENT_CHECKS,
  ...RIGHTS_CHECKS,
  ...OUTSIDE_CHECKS,
  ...CLOCK_CHECKS,
  ...CAVEAT_CHECKS,
];

/** The worker may take most of it to ask around. */
const WITHIN_MS = 50_000;

/** Makes every check and prints what was found; a CommandFailed when something is bad. */
export async function runDoctor(options: DoctorOptions, terminal: Terminal): Promise<void> {
  const atMs = terminal.nowMs();
  const findings = await withBoth(options, terminal, (world) =>
    makeChecks(CHECKS, world, WITHIN_MS),
  );
  terminal.out(
    options.json
      ? `${JSON.stringify({ atMs, findings }, undefined, 2)}\n`
      : printFindings(findings, terminal.width),
  );
  // Everything has been said.
  if (findings.some(({ verdict }) => verdict === 'bad')) throw new CommandFailed([], EXIT.failed);
}

/** Gives `work` a world in which Temporal may be away, and holds the connection until it is done. */
async function withBoth<T>(
  options: DoctorOptions,
  terminal: Terminal,
  work: (world: World) => Promise<T>,
): Promise<T> {
  const opened = Promise.withResolvers<Client>();
  const done = Promise.withResolvers<void>();
  const held = withTemporal(options, async (client) => {
    opened.resolve(client);
    await done.promise;
  }).catch((error: unknown) => opened.reject(error));
  try {
    return await work(
      new World(options, { temporal: opened.promise, nowMs: () => terminal.nowMs() }),
    );
  } finally {
    done.resolve();
    await held;
  }
}
