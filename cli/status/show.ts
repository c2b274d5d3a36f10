import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { messageOf } from '../../domain/message-of.ts';
import { shortList } from '../../domain/short-list.ts';
import { withTemporal, type AccessOptions } from '../access.ts';
import { poolsOf } from '../temporal-view.ts';
import { CommandFailed, wrongOption, type Terminal } from '../terminal.ts';
import { gather } from './gather.ts';
import { printStatus } from './print.ts';
import type { Seen } from './seen.ts';

export interface StatusOptions extends AccessOptions {
  readonly watch?: true;
  readonly json?: true;
}

const WATCH_EVERY_MS = 2_000;

/** Connects, looks and prints; whatever is in the way is a CommandFailed. */
export async function showStatus(
  pool: string | undefined,
  options: StatusOptions,
  terminal: Terminal,
): Promise<void> {
  await withTemporal(options, async (client) => {
    if (pool !== undefined) await demandPool(client, pool);
    if (options.watch) await watch(client, { pool, json: options.json }, terminal);
    else terminal.out(shown(await look(client, pool, terminal), options.json, terminal));
  });
}

interface Watched {
  readonly pool: string | undefined;
  readonly json: true | undefined;
}

/** What is away for a while is said, and looked for again. */
async function watch(client: Client, { pool, json }: Watched, terminal: Terminal): Promise<void> {
  let last: string | undefined;
  while (!terminal.signal.aborted) {
    const text = await look(client, pool, terminal).then(
      (seen) => (json ? `${JSON.stringify(seen)}\n` : printStatus(seen, terminal.width)),
      (error: unknown) => `${messageOf(error)}\n`,
    );
    // Without a screen to write it on again only what has changed is worth another page.
    if (text !== last) terminal.redraw(text);
    last = text;
    await pause(WATCH_EVERY_MS, undefined, { signal: terminal.signal }).catch(() => undefined);
  }
}

async function look(client: Client, pool: string | undefined, terminal: Terminal): Promise<Seen> {
  try {
    const seen = await gather(client, () => terminal.nowMs());
    return pool === undefined ? seen : ofPool(seen, pool);
  } catch (error) {
    throw new CommandFailed([`Temporal does not say how things are: ${messageOf(error)}`]);
  }
}

/** A node that is left alone is in no pool, or in two. */
function ofPool(seen: Seen, pool: string): Seen {
  return {
    ...seen,
    leftAlone: [],
    pools: seen.pools.filter((one) => one.pool === pool),
    rollouts: seen.rollouts.filter(({ status }) => !status || status.pool === pool),
  };
}

async function demandPool(client: Client, pool: string): Promise<void> {
  const known = await poolsOf(client);
  if (known.includes(pool)) return;
  throw wrongOption(
    'POOL',
    `there is no pool named ${pool}; there are ${shortList(known, { most: 20 })}`,
  );
}

function shown(seen: Seen, json: true | undefined, { width }: Terminal): string {
  return json ? `${JSON.stringify(seen, undefined, 2)}\n` : printStatus(seen, width);
}
