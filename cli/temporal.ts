import { Client, Connection } from '@temporalio/client';
import { codecOf } from '../worker/encryption/codec.ts';
import { whyOutOfReach } from '../worker/reach.ts';
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
  // The client says nothing but that ten seconds have passed: look ourselves first.
  const because = await whyOutOfReach(connectionOptions, Date.now());
  if (because !== undefined) throw unreachable(connectionOptions.address, because, advice);
  try {
    const connection = await Connection.connect(connectionOptions);
    const dataConverter = { payloadCodecs: codec ? [codec] : [] };
    return { client: new Client({ connection, namespace, dataConverter }), connection };
  } catch (error) {
    throw unreachable(connectionOptions.address, wordsOf(error), advice);
  }
}

function refusedInWords<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CommandFailed([wordsOf(error)]);
  }
}

function unreachable(address: string, because: string, advice: readonly string[]): CommandFailed {
  return new CommandFailed([`Temporal at ${address} cannot be reached: ${because}`, ...advice]);
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
