import { existsSync } from 'node:fs';
import {
  loadClientConfigProfile,
  toClientOptions,
  type ClientConfigTLS,
} from '@temporalio/envconfig';
// Not part of the library's public face, which forgets that there was a codec.
import { tomlLoadClientConfigProfile } from '@temporalio/envconfig/lib/envconfig-toml.js';
import { messageOf } from '../domain/message-of.ts';

type ConnectionOptions = ReturnType<typeof toClientOptions>['connectionOptions'];

/** Which Temporal, and how one proves oneself to it. */
export interface TemporalConfig {
  readonly connectionOptions: ConnectionOptions & { readonly address: string };
  readonly namespace: string;
}

/** What is configured cannot be read, or is only half of something; waiting does not mend it. */
export class BadTemporalConfig extends Error {}

/**
 * As the variables and the file of the temporal CLI say; certificates are read anew each time. Throws BadTemporalConfig
 * with one line.
 */
export function readTemporalConfig(env: NodeJS.ProcessEnv): TemporalConfig {
  const file = env['TEMPORAL_CONFIG_FILE'];
  // The library takes a file that is not there for an empty one, and would lead us to localhost.
  if (file && !existsSync(file)) {
    throw new BadTemporalConfig(`TEMPORAL_CONFIG_FILE: there is no file ${file}`);
  }
  const { connectionOptions, namespace } = load(env);
  return {
    connectionOptions: {
      ...connectionOptions,
      address: connectionOptions.address ?? 'localhost:7233',
    },
    namespace: namespace ?? 'default',
  };
}

function load(env: NodeJS.ProcessEnv): ReturnType<typeof toClientOptions> {
  try {
    const overrideEnvVars = asWritten(env);
    const profile = loadClientConfigProfile({ overrideEnvVars });
    refuseHalf(profile.tls);
    if (overrideEnvVars['LOCKKEEPER_PAYLOAD_KEY_FILE'] === undefined) refuseCodec(overrideEnvVars);
    return toClientOptions(profile);
  } catch (error) {
    if (error instanceof BadTemporalConfig) throw error;
    const [because] = messageOf(error).split('\n');
    throw new BadTemporalConfig(`the configuration of Temporal cannot be read: ${because}`);
  }
}

/** Without variables that are empty, and without the line end that secrets often have. */
function asWritten(env: NodeJS.ProcessEnv): Record<string, string> {
  const written = Object.entries(env).map(([name, value = '']) => [name, value.trim()] as const);
  return Object.fromEntries(written.filter(([, value]) => value !== ''));
}

/** The library leaves out a certificate without a key, and the server then asks for one that was given. */
function refuseHalf({ clientCert, clientKey }: ClientConfigTLS = {}): void {
  if ((clientCert === undefined) === (clientKey === undefined)) return;
  const missing = clientKey === undefined ? 'KEY' : 'CERT';
  throw new BadTemporalConfig(
    `a client certificate needs its key and a key its certificate: TEMPORAL_TLS_CLIENT_${missing}_PATH is missing`,
  );
}

/** The library drops the codec: whoever has written one would believe in an encryption that is not there. */
function refuseCodec(overrideEnvVars: Record<string, string>): void {
  if (tomlLoadClientConfigProfile({ overrideEnvVars }).codec === undefined) return;
  throw new BadTemporalConfig(
    'TEMPORAL_CODEC_ENDPOINT, TEMPORAL_CODEC_AUTH and the codec of a profile encrypt nothing here: name a file of keys in LOCKKEEPER_PAYLOAD_KEY_FILE, or take them away',
  );
}
