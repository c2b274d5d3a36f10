import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection, type Logger, type NativeConnectionOptions } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { backoffMs } from '../domain/backoff.ts';
import { connectionProblem } from './connection-problem.ts';
import { ensureNamespace } from './namespace.ts';
import { readTemporalConfig, type TemporalConfig } from './temporal-config.ts';

export interface Temporal {
  readonly connection: Connection;
  readonly native: NativeConnection;
  readonly client: Client;
  readonly namespace: string;
}

export interface ConnectOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
  /** Ends the wait for a server. */
  readonly signal: AbortSignal;
  /** Absent: nothing is encrypted. */
  readonly codec?: PayloadCodec | undefined;
}

const PAUSE = { firstMs: 1_000, mostMs: 30_000 };
/** A server that takes a connection and then says nothing is given up on after this. */
const TRY_FOR_MS = 15_000;

/**
 * Connects as the variables and the file of the temporal CLI say, which are read anew for each try: certificates are
 * replaced while one waits. Whatever keeps it from Temporal is said in one line and tried again, for all of it may be
 * mended elsewhere. Throws BadTemporalConfig for a configuration that cannot be read.
 */
export async function connectTemporal(options: ConnectOptions): Promise<Temporal> {
  const { env, logger, signal } = options;
  for (let failures = 1; ; failures += 1) {
    signal.throwIfAborted();
    const config = readTemporalConfig(env);
    // The bare word is left out of the log, because the SDK adds it to every line.
    const where = {
      address: config.connectionOptions.address,
      temporalNamespace: config.namespace,
    };
    try {
      const temporal = await connectOnce(config, options);
      logger.info('connected to Temporal', where);
      return temporal;
    } catch (error) {
      signal.throwIfAborted();
      const because = connectionProblem(error);
      const retryMs = backoffMs(PAUSE, failures);
      logger.warn('Temporal cannot be reached', { ...where, because, retryMs });
      await pause(retryMs, undefined, { signal });
    }
  }
}

/**
 * Asks Temporal on a connection made anew, as the configuration is now, and closes it again; rejects when it does not answer.
 * It goes another way than the worker's connection, so that it is answered where only that one is dead.
 */
export async function askAnew(env: NodeJS.ProcessEnv): Promise<void> {
  const { connectionOptions, namespace } = readTemporalConfig(env);
  const connection = await Connection.connect(connectionOptions);
  try {
    await describe(connection, namespace);
  } finally {
    await connection.close();
  }
}

/** The worker's connection first: it fails at once, where the client's waits for its deadline without saying why. */
async function connectOnce(
  { connectionOptions, namespace }: TemporalConfig,
  { codec, logger, signal }: ConnectOptions,
): Promise<Temporal> {
  const native = await connectNative(connectionOptions, signal);
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect(connectionOptions);
    if (await ensureNamespace(connection, namespace)) {
      logger.info('namespace made', { temporalNamespace: namespace });
    }
    signal.throwIfAborted();
    const dataConverter = { payloadCodecs: codec ? [codec] : [] };
    const client = new Client({ connection, namespace, dataConverter });
    return { connection, native, client, namespace };
  } catch (error) {
    await Promise.allSettled([native.close(), connection?.close()]);
    throw error;
  }
}

function describe(connection: Connection, namespace: string): Promise<unknown> {
  const asking = () => connection.workflowService.describeNamespace({ namespace });
  return connection.withDeadline(Date.now() + TRY_FOR_MS, asking);
}

/** A connection of the kind that says at once why there is none. Gives up in time, and closes what is connected after that. */
export async function connectNative(
  options: NativeConnectionOptions,
  signal?: AbortSignal,
): Promise<NativeConnection> {
  const connecting = NativeConnection.connect(options);
  const limit = AbortSignal.any([AbortSignal.timeout(TRY_FOR_MS), ...(signal ? [signal] : [])]);
  const late = new Promise<never>((_, reject) => {
    const give = () => reject(new Error(`no answer within ${TRY_FOR_MS / 1_000} s`));
    limit.addEventListener('abort', give, { once: true });
  });
  try {
    return await Promise.race([connecting, late]);
  } catch (error) {
    connecting.then((native) => native.close()).catch(() => undefined);
    throw error;
  }
}
