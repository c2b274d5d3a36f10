import { basename } from 'node:path';
import { present } from '../../domain/present.ts';
import { withTemporal, type AccessOptions } from '../access.ts';
import { policyIn, policyTextAt } from '../policy-source.ts';
import { CommandFailed, EXIT, type Terminal } from '../terminal.ts';
import { fetchStories, type Reading } from './fetch.ts';
import { pageOf } from './html/page-of.ts';
import { printHistory, printStories } from './print.ts';
import type { RolloutStory } from './story.ts';
import { writeWhole } from './write-whole.ts';

export interface HistoryOptions extends AccessOptions {
  readonly pool?: string;
  /** How far back, in milliseconds. */
  readonly since: number;
  readonly json?: true;
  readonly html?: string;
  readonly policy?: string;
}

/** Reads, and prints or writes the page; whatever is in the way is a CommandFailed. */
export async function showHistory(
  node: string | undefined,
  options: HistoryOptions,
  terminal: Terminal,
): Promise<void> {
  const { pool, html, json, policy: path } = options;
  // A policy that is refused is said before anybody waits.
  const policy = path === undefined ? undefined : policyIn(await policyTextAt(path));
  const atMs = terminal.nowMs();
  const sinceMs = atMs - options.since;
  const stories = await withTemporal(options, (client) =>
    fetchStories(client, { sinceMs, ...present({ node, pool }) }, reading(terminal)),
  );
  if (json) {
    const told = { atMs, sinceMs, rollouts: stories };
    terminal.out(`${JSON.stringify(told, undefined, 2)}\n`);
  }
  if (html !== undefined) {
    const page = await pageOf(stories, { sinceMs, atMs, ...present({ pool, policy }) });
    await writeWhole(html, page);
    const say = (text: string): void => (json ? terminal.err(text) : terminal.out(text));
    say(`${stories.length} rollouts are drawn in ${basename(html)}\n`);
  } else if (!json) terminal.out(inWords(stories, { node, sinceMs, terminal }));
}

interface Asked {
  readonly node: string | undefined;
  readonly sinceMs: number;
  readonly terminal: Terminal;
}

function inWords(stories: readonly RolloutStory[], { node, sinceMs, terminal }: Asked): string {
  if (stories.length === 0) {
    const of = node === undefined ? '' : ` of ${node}`;
    return `Temporal knows of no rollout${of} since ${new Date(sinceMs).toISOString()}\n`;
  }
  const print = node === undefined ? printHistory : printStories;
  return print(stories, terminal.nowMs(), terminal.width);
}

/** Whoever has waited so long wants to know that it goes on. */
const SAY_AFTER_MS = 2_000;

function reading(terminal: Terminal): Reading {
  let saidMs = terminal.nowMs();
  const { signal } = terminal;
  const stopped = new AbortController();
  const stop = (): void => stopped.abort(new CommandFailed(['stopped'], EXIT.interrupted));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return {
    signal: stopped.signal,
    progress(read, of) {
      if (terminal.nowMs() - saidMs < SAY_AFTER_MS) return;
      saidMs = terminal.nowMs();
      terminal.err(`${read} of ${of} rollouts are read\n`);
    },
  };
}
