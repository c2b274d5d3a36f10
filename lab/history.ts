import { basename, dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { fetchStories } from '../cli/history/fetch.ts';
import { pageOf } from '../cli/history/html/page-of.ts';
import { writeWhole } from '../cli/history/write-whole.ts';
import { policyIn, policyTextAt } from '../cli/policy-source.ts';
import { messageOf } from '../domain/message-of.ts';
import type { Lab } from './lab.ts';

/** A Temporal that somebody has stopped must not hold up the end of the lab. */
const WITHIN_MS = 15_000;

/**
 * Draws what has happened in a lab that still runs, beside its directory, where it outlives the lab. Answers with a line for
 * people: where it is, or why there is none. Never rejects.
 */
export async function drawHistory({ cluster, policyPath }: Lab, sinceMs: number): Promise<string> {
  const { dir, temporalAddress: address, temporalNamespace: namespace } = cluster;
  const path = join(dirname(dir), `history-of-${basename(dir)}.html`);
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: WITHIN_MS });
    const client = new Client({ connection, namespace });
    const signal = AbortSignal.timeout(WITHIN_MS);
    const stories = await client.withDeadline(Date.now() + WITHIN_MS, () =>
      fetchStories(client, { sinceMs }, { progress: () => undefined, signal }),
    );
    const policy = policyIn(await policyTextAt(policyPath));
    await writeWhole(path, await pageOf(stories, { sinceMs, atMs: Date.now(), policy }));
    return `what happened to each node is drawn in ${path}`;
  } catch (error) {
    return `what happened cannot be drawn: ${messageOf(error)}`;
  } finally {
    await connection?.close();
  }
}
