import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BadTemporalConfig, readTemporalConfig } from './temporal-config.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockkeeper-temporal-config-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
/** Nobody's own file: HOME is empty. */
const read = (env: NodeJS.ProcessEnv) => readTemporalConfig({ HOME: directory, ...env });

describe('readTemporalConfig', () => {
  test('leads to a server on this machine when nothing is said', () => {
    expect(read({})).toMatchObject({
      connectionOptions: { address: 'localhost:7233' },
      namespace: 'default',
    });
  });

  test('takes the variables of the temporal CLI, without the line end of a secret', () => {
    const env = {
      TEMPORAL_ADDRESS: 'x.tmprl.cloud:7233',
      TEMPORAL_NAMESPACE: 'nodes.a1b2c',
      TEMPORAL_API_KEY: 'secret\n',
      TEMPORAL_TLS_SERVER_NAME: '',
    };
    expect(read(env)).toMatchObject({
      connectionOptions: { address: 'x.tmprl.cloud:7233', apiKey: 'secret', tls: true },
      namespace: 'nodes.a1b2c',
    });
  });

  test('takes a profile of its file, and certificates as they are now', () => {
    const cert = file('cert.pem', 'one');
    const toml = [
      '[profile.nodes]',
      'address = "temporal:7233"',
      '[profile.nodes.tls]',
      `client_cert_path = "${cert}"`,
      `client_key_path = "${file('key.pem', 'key')}"`,
    ];
    const env = {
      TEMPORAL_CONFIG_FILE: file('temporal.toml', toml.join('\n')),
      TEMPORAL_PROFILE: 'nodes',
    };
    const crtOf = (): string => {
      const { tls } = read(env).connectionOptions;
      if (typeof tls !== 'object' || tls === null) throw new Error('no TLS');
      return Buffer.from(tls.clientCertPair?.crt ?? []).toString();
    };
    expect(crtOf()).toBe('one');
    file('cert.pem', 'two');
    expect(crtOf()).toBe('two');
  });

  test('leaves a codec endpoint to the temporal CLI where our own keys encrypt', () => {
    const env = {
      TEMPORAL_CODEC_ENDPOINT: 'http://127.0.0.1:8234',
      LOCKKEEPER_PAYLOAD_KEY_FILE: '/keys',
    };
    expect(read(env)).toEqual(read({}));
  });
});

/** What would have been kept in clear text. */
const ENCRYPTS_NOTHING =
  /^TEMPORAL_CODEC_ENDPOINT, .* nothing here: .* LOCKKEEPER_PAYLOAD_KEY_FILE/;

describe('G9: it is said in one line what is wrong:', () => {
  test.each<{ name: string; env: () => NodeJS.ProcessEnv; because: RegExp }>([
    {
      name: 'a file that is not there',
      env: () => ({ TEMPORAL_CONFIG_FILE: '/nowhere.toml' }),
      because: /^TEMPORAL_CONFIG_FILE: there is no file \/nowhere\.toml$/,
    },
    {
      name: 'a file that is no TOML',
      env: () => ({ TEMPORAL_CONFIG_FILE: file('bad.toml', '[profile') }),
      because: /^the configuration of Temporal cannot be read: Invalid TOML.*$/,
    },
    {
      name: 'a profile that is not in it',
      env: () => ({ TEMPORAL_PROFILE: 'nodes' }),
      because: /cannot be read: Profile 'nodes' not found in config data$/,
    },
    {
      name: 'a certificate that is not there',
      env: () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere.pem' }),
      because: /cannot be read: .*ENOENT.*\/nowhere\.pem/,
    },
    {
      name: 'a certificate without its key',
      env: () => ({ TEMPORAL_TLS_CLIENT_CERT_PATH: file('cert.pem', 'x') }),
      because: /needs its key.*: TEMPORAL_TLS_CLIENT_KEY_PATH is missing$/,
    },
    {
      name: 'a key without its certificate',
      env: () => ({ TEMPORAL_TLS_CLIENT_KEY_DATA: 'x' }),
      because: /: TEMPORAL_TLS_CLIENT_CERT_PATH is missing$/,
    },
    {
      name: 'a codec endpoint',
      env: () => ({ TEMPORAL_CODEC_ENDPOINT: 'https://codec.example' }),
      because: ENCRYPTS_NOTHING,
    },
    {
      name: 'the word for a codec endpoint',
      env: () => ({ TEMPORAL_CODEC_AUTH: 'Bearer x' }),
      because: ENCRYPTS_NOTHING,
    },
    {
      name: 'a profile with a codec',
      env: () => ({
        TEMPORAL_CONFIG_FILE: file(
          'temporal.toml',
          '[profile.default.codec]\nendpoint = "https://codec.example"\n',
        ),
      }),
      because: ENCRYPTS_NOTHING,
    },
  ])('$name', ({ env, because }) => {
    const reading = () => read(env());
    expect(reading).toThrow(BadTemporalConfig);
    expect(reading).toThrow(because);
  });
});
