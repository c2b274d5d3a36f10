import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { messageOf } from '../domain/message-of.ts';
import { connectionProblem } from '../worker/connection-problem.ts';
import { codecOf } from '../worker/encryption/codec.ts';
import { readTemporalConfig } from '../worker/temporal-config.ts';
import { CommandFailed } from './terminal.ts';

/** A connection to Temporal; whoever has opened it closes it. */
export interface OpenTemporal {
  readonly client: Client;
  readonly connection: Connection;
}

/**
 * Connects as the variables and the file of the temporal CLI say, and reads what is encrypted where
 * LOCKKEEPER_PAYLOAD_KEY_FILE is set. Whatever is in the way is a CommandFailed, with `advice` as further lines.
 */
export async function openTemporal(
  env: NodeJS.ProcessEnv,
  advice: readonly string[] = [],
): Promise<OpenTemporal> {
  const { connectionOptions, namespace } = refusedInWords(() => readTemporalConfig(env));
  const codec = refusedInWords(() => codecOf(env));
  try {
    await demandAnswer(connectionOptions);
    const connection = await Connection.connect(connectionOptions);
    const dataConverter = { payloadCodecs: codec ? [codec] : [] };
    return { client: new Client({ connection, namespace, dataConverter }), connection };
  } catch (error) {
    const because = connectionProblem(error);
    const { address } = connectionOptions;
    throw new CommandFailed([`Temporal at ${address} cannot be reached: ${because}`, ...advice]);
  }
}

function refusedInWords<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CommandFailed([messageOf(error)]);
  }
}

const ANSWER_WITHIN_MS = 15_000;

/**
 * Rejects with what stands between us and the server. A connection that is waited for would say nothing but that time has passed,
 * and one that tries again nothing for a while; the SDK's own way, which says it at once, needs the native library of a worker.
 */
export async function demandAnswer(options: ConnectionOptions): Promise<void> {
  const connection = Connection.lazy({ ...options, interceptors: [] });
  try {
    const asking = () => connection.workflowService.getSystemInfo({});
    await connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, asking);
  } finally {
    await connection.close();
  }
}
