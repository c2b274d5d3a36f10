import { z } from 'zod';
import { longerThanZero } from './duration-schema.ts';
import { isObject } from './fields.ts';
import type { Tell } from './gates/written-forms.ts';
import { headers, secretInHeader } from './http-headers-schema.ts';
import { present } from './present.ts';
import { openPath, secretFile, secretPath, secretVariable, type Secret } from './secret-schema.ts';

/** How an HTTP server beside the cluster is reached: Prometheus, Alertmanager, receivers of notices, calendars. */

/** A server to ask, without any secret of it: only where each is found. */
export interface HttpTarget {
  /** Without a slash at its end. */
  readonly url: string;
  /** The values may refer to environment variables as `${NAME}`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bearer?: Secret;
  readonly basic?: { readonly username: string; readonly password: Secret };
  readonly tls?: TlsFiles;
  /** An answer that takes longer is none. */
  readonly deadlineMs: number;
}

export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly serverName?: string | undefined;
}

/** The look at the gates as a whole may take 30 s. */
const LONGEST_DEADLINE_MS = 20_000;
const LONGEST_ADDRESS = 2_048;

/** Whether it is an http address without anything that may be a secret. URL reads line breaks and backslashes away. */
export function isPlainAddress(text: string): boolean {
  return (
    /^https?:\/\/[^\s\p{C}/?#@\\]+(\/[^\s\p{C}?#@\\]*)?$/u.test(text) &&
    text.length <= LONGEST_ADDRESS &&
    URL.canParse(text)
  );
}

const URL_RULE =
  'write an address like http://prometheus.monitoring:9090, without user, password or query';

export const address = z
  .string(URL_RULE)
  .refine(isPlainAddress, URL_RULE)
  .transform((text) => text.replace(/\/+$/, ''));

const TLS_RULE = 'write tls like { caFile: /etc/lockkeeper/secrets/ca.crt }';
export const tls = z
  .strictObject(
    {
      caFile: openPath.optional().describe('Authorities (PEM) in place of the well-known ones'),
      certFile: secretPath.optional().describe('Certificate (PEM) to show, with keyFile'),
      keyFile: secretPath.optional().describe('Its private key (PEM)'),
      serverName: z
        .string()
        .regex(/^[A-Za-z0-9_.:-]{1,253}$/, 'write the name in its certificate')
        .optional()
        .describe('The name its certificate must have, where that is not the host'),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? TLS_RULE : undefined) },
  )
  .optional()
  .describe('For https addresses; the files are read every time');

const BASIC_RULE = 'write basicAuth like { username: lockkeeper, password: "${NAME}" }';
const basicAuth = z
  .strictObject(
    {
      username: z
        .string(BASIC_RULE)
        .regex(/^[^:]+$/, 'write a user name without a colon')
        .describe('Not a secret'),
      password: secretVariable.optional().describe('As ${NAME}, from the environment'),
      passwordFile: secretFile.optional().describe('Or the file it is in'),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? BASIC_RULE : undefined) },
  )
  .optional()
  .describe('User and password');

/** The keys by which access to a server is written, beside its address. */
export const accessKeys = {
  bearerToken: secretVariable.optional().describe('As ${NAME}, from the environment'),
  bearerTokenFile: secretFile.optional().describe('Or the file the token is in, read every time'),
  basicAuth,
  tls,
  headers,
  deadline: longerThanZero
    .refine((ms) => ms <= LONGEST_DEADLINE_MS, 'write a duration of at most 20s')
    .prefault('10s')
    .describe('Without an answer by then the gate is closed'),
};

/** Which keys of the access go together; judged on what is written. */
export function checkAccess(written: object, addressKey: string, tell: Tell): void {
  const has = (key: string): boolean => Object.hasOwn(written, key);
  const ways = ['bearerToken', 'bearerTokenFile', 'basicAuth'].filter(has);
  if (ways.length > 1) tell(ways[1], `write either ${ways[0]} or ${ways[1]}`);
  const given = written as { basicAuth?: unknown; tls?: unknown; headers?: unknown };
  checkBasicAuth(given.basicAuth, tell);
  checkTls(given.tls, (written as Record<string, unknown>)[addressKey], tell);
  checkHeaders(given.headers, ways, tell);
}

function checkBasicAuth(written: unknown, tell: Tell): void {
  if (!isObject(written)) return;
  const passwords = ['password', 'passwordFile'].filter((key) => Object.hasOwn(written, key));
  if (passwords.length !== 1) tell('basicAuth', 'write either password or passwordFile');
}

/** Whether the certificates are whole, and of use at this address. */
export function checkTls(written: unknown, url: unknown, tell: Tell): void {
  if (!isObject(written)) return;
  if (Object.hasOwn(written, 'certFile') !== Object.hasOwn(written, 'keyFile')) {
    tell('tls', 'write certFile and keyFile together');
  }
  if (typeof url === 'string' && !url.startsWith('https://')) {
    tell('tls', 'write an https address where tls is meant');
  }
}

function checkHeaders(written: unknown, ways: readonly string[], tell: Tell): void {
  if (!isObject(written)) return;
  for (const [name, value] of Object.entries(written)) {
    if (typeof value === 'string' && secretInHeader(name, value)) {
      tell('headers', `write the secret of ${name} as \${NAME}, from the environment`);
    }
    if (name.toLowerCase() === 'authorization' && ways.length > 0) {
      tell('headers', `write either ${ways[0]} or the header ${name}`);
    }
  }
}

interface Access {
  readonly bearerToken?: Secret | undefined;
  readonly bearerTokenFile?: Secret | undefined;
  readonly basicAuth?:
    | {
        readonly username: string;
        readonly password?: Secret | undefined;
        readonly passwordFile?: Secret | undefined;
      }
    | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly deadline: number;
}

/** What is made of the keys of the access, once they have been checked. */
export function targetOf(url: string, access: Access): HttpTarget {
  const { bearerToken, bearerTokenFile, basicAuth: basic, tls: files } = access;
  const bearer = bearerToken ?? bearerTokenFile;
  const password = basic?.password ?? basic?.passwordFile;
  return {
    url,
    headers: access.headers ?? {},
    deadlineMs: access.deadline,
    ...present({
      bearer,
      basic: basic && password && { username: basic.username, password },
      tls: files,
    }),
  };
}
