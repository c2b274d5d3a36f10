import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { formatDuration } from '../../domain/durations.ts';
import { messageOf } from '../../domain/message-of.ts';
import { present } from '../../domain/present.ts';
import { withTemporal } from '../access.ts';
import { gather } from '../status/gather.ts';
import type { Seen } from '../status/seen.ts';
import { formerRollouts } from '../why/gather.ts';
import { CommandFailed, EXIT, type Terminal } from '../terminal.ts';
import type { WaitOptions } from './command.ts';
import { Following, type Ending } from './follow.ts';

/** Waits, with a line for each change; ends as the command line says, or by Ctrl-C. */
export async function waitForIt(options: WaitOptions, terminal: Terminal): Promise<void> {
  await withTemporal(options, async (client) => {
    const { ending, left } = await follow(client, options, terminal);
    if (ending?.kind === 'all-done') return say(terminal, options, 'all-done', ending.says);
    if (terminal.signal.aborted) throw new CommandFailed([left], EXIT.interrupted);
    const { kind, says } = ending ?? { kind: 'not-all' as const, says: `time is up: ${left}` };
    say(terminal, options, kind, says);
    throw new CommandFailed([], kind === 'halted' ? EXIT.halted : EXIT.notAll);
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
  const following = new Following({ untilWindowCloses, fromMs, ...present({ pool }) });
  let left = 'nobody knows who is not done';
  for (;;) {
    const seen = await look(client, options, terminal);
    if (seen) {
      const ended = following.ended(seen).map((node) => howItEnded(client, node));
      const lines = [...(await Promise.all(ended)), ...following.news(seen)];
      for (const line of lines) say(terminal, options, 'news', line);
      left = following.left(seen);
      const ending = following.ending(seen);
      if (ending) return { ending, left };
    }
    if (terminal.signal.aborted || terminal.nowMs() - fromMs >= timeout) return { left };
    await pause(every, undefined, { signal: terminal.signal }).catch(() => undefined);
  }
}

/** Whoever waits for a night does not end with a look that fails. */
async function look(
  client: Client,
  options: WaitOptions,
  terminal: Terminal,
): Promise<Seen | undefined> {
  try {
    return await gather(client, () => terminal.nowMs());
  } catch (error) {
    say(terminal, options, 'news', `Temporal does not say how things are: ${messageOf(error)}`);
    return undefined;
  }
}

async function howItEnded(client: Client, node: string): Promise<string> {
  const [latest] = await formerRollouts(client, node).catch(() => []);
  if (!latest) return `${node}: its rollout has ended`;
  const { outcome, because = 'nobody says why', startedMs, endedMs } = latest;
  return `${node}: ${outcome}, after ${formatDuration(endedMs - startedMs)}: ${because}`;
}

/** A job's log is the log of the maintenance, so each line has its time. */
function say(terminal: Terminal, { json }: WaitOptions, kind: string, says: string): void {
  const at = new Date(terminal.nowMs()).toISOString();
  terminal.out(json ? `${JSON.stringify({ at, kind, says })}\n` : `${at.slice(0, 19)}Z ${says}\n`);
}
