import { writeFileSync } from 'node:fs';
import { runAgent } from '../agent/agent.ts';
import { readConfig } from '../agent/config.ts';
import { createHost } from '../agent/host.ts';

/**
 * The real agent on a simulated machine. All that differs from agent/main.ts is whom the reboot signal reaches:
 * there process 1 of the host, here the machine, by a file that it watches.
 */
async function main(): Promise<void> {
  const read = readConfig([], process.env);
  const rebootAsked = process.env['LAB_REBOOT_ASKED'];
  if (!read.ok) throw new Error(read.problems.join('; '));
  if (rebootAsked === undefined) throw new Error('LAB_REBOOT_ASKED is missing');
  const { config } = read;
  const host = createHost(config.host, {
    enter: [],
    signalProcess1: (signal) => writeFileSync(rebootAsked, `${signal}\n`),
  });
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  await runAgent({ config, host, signal: stop.signal });
}

void main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  },
);
