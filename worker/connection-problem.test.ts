import { createServer as createHttp2 } from 'node:http2';
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { createAuthority } from '../lab/proxy/authority.ts';
import { startTlsProxy } from '../lab/proxy/tls-proxy.ts';
import { demandAnswer } from '../cli/temporal.ts';
import { connectionProblem } from './connection-problem.ts';
import { connectNative } from './connect.ts';

const HOUR_MS = 3_600_000;
const at = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);
const open: { close(): unknown }[] = [];

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  open.push(server);
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const trusting = (pem: string, serverNameOverride = 'temporal.test') => ({
  serverRootCACertificate: Buffer.from(pem),
  serverNameOverride,
});

/** What each connects with. */
let options: Record<string, NativeConnectionOptions>;

beforeAll(async () => {
  const plain = await listening(createHttp2());
  const curt = await listening(createTcp((socket) => socket.end()));
  const [ours, others] = await Promise.all([createAuthority('ours'), createAuthority('others')]);
  const issue = (from: number, until: number, by = ours, name = 'worker') =>
    by.issue({ name, from: at(from), until: at(until) });
  const [good, expired, foreign] = [
    await issue(-1, 1),
    await issue(-2, -1),
    await issue(-1, 1, others),
  ];
  const proxy = async (until: number, clientCa?: string): Promise<string> => {
    const server = await issue(-2, until, ours, 'temporal.test');
    const started = await startTlsProxy({
      target: plain,
      ...server,
      ...(clientCa && { clientCa }),
    });
    open.push(started);
    return started.address;
  };
  const [mutual, stale] = [await proxy(1, ours.cert), await proxy(-1)];
  const proving = ({ cert }: typeof good, { key } = good) => ({
    ...trusting(ours.cert),
    clientCertPair: { crt: Buffer.from(cert), key: Buffer.from(key) },
  });
  options = {
    nobody: { address: '127.0.0.1:1' },
    'a name that nobody has': { address: 'nowhere.invalid:7233' },
    'somebody who hangs up': { address: curt },
    'TLS where there is none': { address: plain, tls: true },
    'no TLS where it is wanted': { address: mutual },
    'a server of another authority': { address: mutual, tls: trusting(others.cert) },
    'a server of another name': { address: mutual, tls: trusting(ours.cert, 'other.test') },
    'a server whose certificate has expired': { address: stale, tls: trusting(ours.cert) },
    'no certificate where one is wanted': { address: mutual, tls: trusting(ours.cert) },
    'a certificate that has expired': { address: mutual, tls: proving(expired, expired) },
    'a certificate that is not known': { address: mutual, tls: proving(foreign, foreign) },
    'the key of another certificate': { address: mutual, tls: proving(good, foreign) },
    'a key that is none': { address: mutual, tls: proving(good, { cert: '', key: 'x' }) },
  };
});
afterAll(async () => {
  for (const one of open.toReversed()) await one.close();
});

/** A worker connects so, and a command line so. */
const WAYS = [
  { way: 'worker', connect: connectNative },
  {
    way: 'client',
    connect: (to: NativeConnectionOptions) => demandAnswer(to),
  },
];

describe.each(WAYS)('G8: of $way', ({ connect }) => {
  test.each([
    ['nobody', 'nothing listens there: '],
    ['a name that nobody has', 'the name is not known: '],
    ['somebody who hangs up', 'it ends the connection: '],
    ['TLS where there is none', 'it speaks no TLS (TEMPORAL_TLS=false, '],
    ['no TLS where it is wanted', 'it ends the connection: '],
    ['a server of another authority', 'the authority of its certificate is unknown '],
    [
      'a server of another name',
      'its certificate is for another name (TEMPORAL_TLS_SERVER_NAME): ',
    ],
    ['a server whose certificate has expired', 'its certificate has expired: '],
    ['no certificate where one is wanted', 'it ends the connection: '],
    ['a certificate that has expired', 'it ends the connection: '],
    ['a certificate that is not known', 'it ends the connection: '],
    ['the key of another certificate', 'client certificate and key are no pair '],
    ['a key that is none', 'client certificate and key are no pair '],
  ])('who asks %s is told what to look at, and what was said', async (name, expected) => {
    const said = await connect(options[name] ?? {}).then(() => 'connected', connectionProblem);
    expect(said).toContain(expected);
    expect(said.length).toBeGreaterThan(expected.length + 20);
  });
});

test('G8: of somebody who resets the connection it is said what to look at', () => {
  // As the SDK has said where the reset came before it had sent anything, which no test can time.
  const said =
    'tonic::transport::Error(Transport, ConnectError(ConnectError("tcp connect error", 127.0.0.1:45441, Os { code: 104, kind: ConnectionReset, message: "Connection reset by peer" })))';
  expect(connectionProblem(new Error(said))).toBe(
    `it ends the connection: it wants TLS, or none (TEMPORAL_TLS), or a valid client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH), or is starting: ${said}`,
  );
});

test('what the SDK says otherwise is said as it is, with its causes', () => {
  const error = new Error('no', { cause: new Error('indeed') });
  expect(connectionProblem(error)).toBe('no: indeed');
});
