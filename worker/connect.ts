import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection, type Logger } from '@temporalio/worker';
import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { whyOutOfReach } from './reach.ts';
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

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A server that takes a connection and then says nothing is given up on after this. */
const TRY_FOR_MS = 15_000;

/**
 * Connects as the variables and the file of the temporal CLI say, which are read anew for each try: certificates are
 * replaced while one waits. Whatever keeps it from Temporal is said in one line and tried again, for all of it may be
 * mended elsewhere. Throws BadTemporalConfig for a configuration that cannot be read.
 */
export async function connectTemporal(options: ConnectOptions): Promise<Temporal> {
  const { env, logger, signal } = options;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    const config = readTemporalConfig(env);
    // The bare word is left out of the log, because the SDK adds it to every line.
    const where = {
      address: config.connectionOptions.address,
      temporalNamespace: config.namespace,
    };
    try {
      const temporal = await within(connectOnce(config, options.codec), signal);
      logger.info('connected to Temporal', where);
      return temporal;
    } catch (error) {
      signal.throwIfAborted();
      const because = await inWords(error, config);
      logger.warn('Temporal cannot be reached', { ...where, because, retryMs: pauseMs });
    }
    await pause(pauseMs, undefined, { signal });
  }
}

/**
 * Asks Temporal on a connection made anew, as the configuration is now, and closes it again; rejects when it does not answer.
 * It goes another way than the worker's connection, so that it is answered where only that one is dead.
 */
export async function askAnew(env: NodeJS.ProcessEnv): Promise<void> {
  const { connectionOptions, namespace } = readTemporalConfig(env);
  const connection = await Connection.connect(connectionOptions);
  const asking = () => connection.workflowService.describeNamespace({ namespace });
  try {
    await connection.withDeadline(Date.now() + TRY_FOR_MS, asking);
  } finally {
    await connection.close();
  }
}

/** The worker's connection first: it fails at once, where the client's waits for its deadline without saying why. */
async function connectOnce(
  { connectionOptions, namespace }: TemporalConfig,
  codec: PayloadCodec | undefined,
): Promise<Temporal> {
  const native = await NativeConnection.connect(connectionOptions);
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect(connectionOptions);
    await connection.workflowService.describeNamespace({ namespace });
    const dataConverter = { payloadCodecs: codec ? [codec] : [] };
    const client = new Client({ connection, namespace, dataConverter });
    return { connection, native, client, namespace };
  } catch (error) {
    await Promise.allSettled([native.close(), connection?.close()]);
    throw error;
  }
}

/** As the connecting, for a while only; what is connected after that is closed again. */
async function within(connecting: Promise<Temporal>, signal: AbortSignal): Promise<Temporal> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TRY_FOR_MS)]);
  const late = new Promise<never>((_, reject) => {
    const give = () => reject(new Error(`no answer within ${TRY_FOR_MS / 1_000} s`));
    limit.addEventListener('abort', give, { once: true });
  });
  try {
    return await Promise.race([connecting, late]);
  } catch (error) {
    const closeLate = async (): Promise<void> => {
      const { native, connection } = await connecting;
      await Promise.allSettled([native.close(), connection.close()]);
    };
    closeLate().catch(() => undefined);
    throw error;
  }
}

async function inWords(error: unknown, config: TemporalConfig): Promise<string> {
  const said = grpcErrorIn(error);
  if (said === undefined) {
    const onTheWay = await whyOutOfReach(config.connectionOptions, Date.now());
    return onTheWay ?? messageOf(error);
  }
  const { namespace } = config;
  switch (said.code) {
    case GRPC.notFound:
      return `there is no namespace "${namespace}" (TEMPORAL_NAMESPACE): ${said.details}`;
    case GRPC.permissionDenied:
      return `we may not use the namespace "${namespace}" (TEMPORAL_NAMESPACE, TEMPORAL_API_KEY): ${said.details}`;
    case GRPC.unauthenticated:
      return `the server does not know us (TEMPORAL_API_KEY, or a client certificate): ${said.details}`;
    default:
      return said.details;
  }
}

const GRPC = { notFound: 5, permissionDenied: 7, unauthenticated: 16 } as const;

/** What the server itself has answered. */
function grpcErrorIn(error: unknown): { code: number; details: string } | undefined {
  if (isGrpcServiceError(error)) return { code: error.code, details: error.details };
  if (!(error instanceof Error)) return undefined;
  // The worker's connection has put the answer into its own words.
  const [, code, details = ''] =
    /^Failed to call \w+: code: '([^']*)', message: "([^"]*)"$/.exec(error.message) ?? [];
  const known = Object.entries(NATIVE_CODES).find(([words]) => words === code);
  if (known !== undefined) return { code: known[1], details };
  return grpcErrorIn(error.cause);
}

const NATIVE_CODES: Readonly<Record<string, number>> = {
  'The request does not have valid authentication credentials': GRPC.unauthenticated,
  'The caller does not have permission to execute the specified operation': GRPC.permissionDenied,
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
