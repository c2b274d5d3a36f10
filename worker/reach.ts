import { createPrivateKey, X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/** Where a server is and how one proves oneself to it, as Temporal's clients take it. */
export interface Reach {
  /** `host:port`; without a port 7233. */
  readonly address: string;
  /** Absent or false: no TLS. */
  readonly tls?:
    | boolean
    | null
    | undefined
    | {
        readonly serverNameOverride?: string;
        readonly serverRootCACertificate?: Uint8Array;
        readonly clientCertPair?: { readonly crt: Uint8Array; readonly key: Uint8Array };
      };
}

type Tls = Exclude<NonNullable<Reach['tls']>, boolean>;

const LOOK_MS = 3_000;
/** What an HTTP/2 client says first; a server that speaks it answers with its settings. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
/** The first byte of a TLS alert. */
const ALERT = 0x15;

/**
 * Why a server cannot be reached, in one sentence that names the variable to look at; undefined when nothing is wrong with
 * the way to it. Looks at the certificates, then connects once. Never rejects.
 */
export async function whyOutOfReach(reach: Reach, nowMs: number): Promise<string | undefined> {
  const tls = tlsOf(reach);
  const wrong = tls && wrongWithOwn(tls, nowMs);
  if (wrong !== undefined) return wrong;
  const { host, port } = hostAndPort(reach.address);
  return tls ? await lookWithTls({ host, port, tls }) : await lookWithout({ host, port });
}

function tlsOf({ tls }: Reach): Tls | undefined {
  if (tls === undefined || tls === null || tls === false) return undefined;
  return tls === true ? {} : tls;
}

function hostAndPort(address: string): { host: string; port: number } {
  const [, host = address, port = '7233'] = /^(?:\w+:\/\/)?(.*?)(?::(\d+))?$/.exec(address) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

/** What is wrong with our own certificates, which no server has to tell us. */
function wrongWithOwn(tls: Tls, nowMs: number): string | undefined {
  const { serverRootCACertificate: ca, clientCertPair: pair } = tls;
  if (ca !== undefined && certificateIn(ca) === undefined) {
    return 'TEMPORAL_TLS_SERVER_CA_CERT_PATH is not a certificate in PEM format';
  }
  if (pair === undefined) return undefined;
  const own = certificateIn(pair.crt);
  if (own === undefined) return 'TEMPORAL_TLS_CLIENT_CERT_PATH is not a certificate in PEM format';
  if (own.validToDate.getTime() < nowMs) {
    return `the client certificate expired on ${own.validToDate.toISOString()}`;
  }
  if (own.validFromDate.getTime() > nowMs) {
    return `the client certificate is valid only from ${own.validFromDate.toISOString()} on`;
  }
  return wrongWithKey(own, pair.key);
}

function certificateIn(pem: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function wrongWithKey(own: X509Certificate, key: Uint8Array): string | undefined {
  try {
    if (own.checkPrivateKey(createPrivateKey(Buffer.from(key)))) return undefined;
    return 'TEMPORAL_TLS_CLIENT_KEY_PATH is the key of another certificate';
  } catch {
    return 'TEMPORAL_TLS_CLIENT_KEY_PATH is not a private key in PEM format';
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
}

async function lookWithTls({ host, port, tls }: Place & { tls: Tls }): Promise<string | undefined> {
  const at = `${host}:${port}`;
  const withOwn = tls.clientCertPair !== undefined;
  const socket = connectTls({ host, port, ALPNProtocols: ['h2'], ...proofs(host, tls) });
  let shaken = false;
  socket.once('secureConnect', () => {
    shaken = true;
  });
  // With TLS 1.3 the server looks at our certificate after we are done: only its first words say that we are let in.
  const heard = await firstWord(socket);
  switch (heard.kind) {
    case 'data':
      return undefined;
    case 'error':
      return sayError(heard.error, at, shaken && withOwn);
    case 'silence':
      return sayNoAnswer(at);
    case 'closed':
      if (!shaken) return `${at} ends the connection: it may not speak TLS`;
      return withOwn ? 'the server does not accept the client certificate' : sayWanted(at);
    default:
      return heard satisfies never;
  }
}

function proofs(host: string, tls: Tls): ConnectionOptions {
  const { serverRootCACertificate: ca, clientCertPair: pair, serverNameOverride } = tls;
  const servername = serverNameOverride ?? (isIP(host) === 0 ? host : undefined);
  return {
    ...(servername !== undefined && { servername }),
    ...(ca && { ca: Buffer.from(ca) }),
    ...(pair && { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) }),
  };
}

const sayNoAnswer = (at: string): string => `no answer from ${at} within ${LOOK_MS / 1_000} s`;
const sayWanted = (at: string): string =>
  `${at} ends the connection: it may want a client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH)`;

async function lookWithout({ host, port }: Place): Promise<string | undefined> {
  const at = `${host}:${port}`;
  const socket = connectTcp({ host, port });
  socket.once('connect', () => socket.write(PREFACE));
  const heard = await firstWord(socket);
  if (heard.kind === 'error') return sayError(heard.error, at, false);
  if (heard.kind === 'silence') return sayNoAnswer(at);
  if (heard.kind === 'data' && heard.first !== ALERT) return undefined;
  return `${at} ends the connection at once: it may want TLS (TEMPORAL_TLS=true, or certificates), or be starting`;
}

type Heard =
  | { readonly kind: 'data'; readonly first: number | undefined }
  | { readonly kind: 'error'; readonly error: NodeJS.ErrnoException }
  | { readonly kind: 'silence' }
  /** Ended without a word, one way or the other. */
  | { readonly kind: 'closed' };

async function firstWord(socket: Socket): Promise<Heard> {
  const heard = await new Promise<Heard>((resolve) => {
    socket.setTimeout(LOOK_MS, () => resolve({ kind: 'silence' }));
    socket.once('data', (bytes: Buffer) => resolve({ kind: 'data', first: bytes[0] }));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNRESET' ? { kind: 'closed' } : { kind: 'error', error }),
    );
    socket.once('close', () => resolve({ kind: 'closed' }));
  });
  // What it still has to say is of no interest.
  socket.on('error', () => undefined);
  socket.destroy();
  return heard;
}

const NOT_TRUSTED =
  "the server's certificate is of an authority that is not trusted here: TEMPORAL_TLS_SERVER_CA_CERT_PATH names the right one";

/** By Node's code of the error; `ADDRESS` stands for the address. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at ADDRESS',
  ENOTFOUND: 'the name of ADDRESS is not known',
  EAI_AGAIN: 'the name of ADDRESS is not known',
  ETIMEDOUT: 'no answer from ADDRESS',
  EHOSTUNREACH: 'there is no way to ADDRESS',
  ENETUNREACH: 'there is no way to ADDRESS',
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_TRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
  CERT_SIGNATURE_FAILURE: NOT_TRUSTED,
  ERR_SSL_WRONG_VERSION_NUMBER: 'ADDRESS speaks no TLS: TEMPORAL_TLS=false, or another port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'ADDRESS speaks no TLS: TEMPORAL_TLS=false, or another port',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'the server wants a client certificate: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH',
};

function sayError(error: NodeJS.ErrnoException, address: string, afterOurs: boolean): string {
  const { code = '', message } = error;
  const words = WORDS[code];
  if (words !== undefined) return words.replace('ADDRESS', address);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the server's certificate is for another name (TEMPORAL_TLS_SERVER_NAME): ${message}`;
  }
  // An alert that comes after the handshake is about us.
  if (afterOurs && code.includes('_ALERT_')) {
    return `the server does not accept the client certificate (${code})`;
  }
  return message || code;
}
