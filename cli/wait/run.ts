import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { messageOf } from '../../domain/message-of.ts';
import { withTemporal } from '../access.ts';
import { gather } from '../status/gather.ts';
import { CommandFailed, EXIT, type Terminal } from '../terminal.ts';
import type { WaitOptions } from './command.ts';
import { WAIT_EXIT } from './command.ts';
import { Following, type Ending } from './follow.ts';

/** Waits, with a line for each change; ends as the command line says, or by Ctrl-C. */
export async function waitForIt(options: WaitOptions, terminal: Terminal): Promise<void> {
  await withTemporal(options, async (client) => {
    const { ending, left } = await follow(client, options, terminal);
    if (ending?.kind === 'all-done') return say(terminal, options, 'all-done', ending.says);
    if (terminal.signal.aborted) throw new CommandFailed([left], EXIT.interrupted);
    const { kind, says } = ending ?? { kind: 'not-all' as const, says: `time is up: ${left}` };
    say(terminal, options, kind, says);
    throw new CommandFailed([], kind === 'halted' ? WAIT_EXIT.halted : WAIT_EXIT.notAll);
  });
}

interface Followed {
  /** Absent: time was up, or somebody has ended it. */
  readonly ending?: Ending;
  readonly left: string;
}

async function follow(client: Client, options: WaitOptions, terminal: Terminal): Promise<Followed> {
  const { pool, untilWindowCloses = false, timeout = Infinity, every } = options;
  const fromMs = terminal.nowMs();
  const following = new Following({
    untilWindowCloses,
    fromMs,
    ...(pool !== undefined && { pool }),
  });
  let left = 'nobody knows who is not done';
  for (;;) {
    try {
      const seen = await gather(client, () => terminal.nowMs());
      for (const line of following.news(seen)) say(terminal, options, 'news', line);
      left = following.left(seen);
      const ending = following.ending(seen);
      if (ending) return { ending, left };
    } catch (error) {
      // Whoever waits for a night does not end with the first failed look.
      say(terminal, options, 'news', `Temporal does not say how things are: ${messageOf(error)}`);
    }
    if (terminal.signal.aborted || terminal.nowMs() - fromMs >= timeout) return { left };
    await pause(every, undefined, { signal: terminal.signal }).catch(() => undefined);
  }
}

/** A job's log is the log of the maintenance, so each line has its time. */
function say(terminal: Terminal, { json }: WaitOptions, kind: string, says: string): void {
  const at = new Date(terminal.nowMs()).toISOString();
  terminal.out(json ? `${JSON.stringify({ at, kind, says })}\n` : `${at.slice(0, 19)}Z ${says}\n`);
}
