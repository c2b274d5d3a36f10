import { setTimeout as pause } from 'node:timers/promises';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, type Logger } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';

export interface Temporal {
  readonly connection: Connection;
  readonly native: NativeConnection;
  readonly client: Client;
  readonly namespace: string;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Connects as the variables and the file of the temporal CLI say. A server that is not there yet is waited for, saying so;
 * `signal` ends the wait.
 */
export async function connectTemporal(logger: Logger, signal: AbortSignal): Promise<Temporal> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const address = connectionOptions.address ?? 'localhost:7233';
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    try {
      const connection = await Connection.connect(connectionOptions);
      const native = await NativeConnection.connect(connectionOptions);
      const client = new Client({ connection, namespace });
      await connection.workflowService.describeNamespace({ namespace });
      logger.info('connected to Temporal', { address, namespace });
      return { connection, native, client, namespace };
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      logger.warn('Temporal cannot be reached', { address, namespace, because, retryMs: pauseMs });
    }
    await pause(pauseMs, undefined, { signal });
  }
}
