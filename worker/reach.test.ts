import { createServer as createHttp2, type Http2Server } from 'node:http2';
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createAuthority, type Pair } from '../lab/proxy/authority.ts';
import type { TcpProxy } from '../lab/proxy/tcp-proxy.ts';
import { startTlsProxy } from '../lab/proxy/tls-proxy.ts';
import { whyOutOfReach, type Reach } from './reach.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.now();
const past = { from: new Date(NOW_MS - 2 * HOUR_MS), until: new Date(NOW_MS - HOUR_MS) };
const future = { from: new Date(NOW_MS + HOUR_MS), until: new Date(NOW_MS + 2 * HOUR_MS) };

let plain: Http2Server;
/** Takes connections and ends each at once. */
let curt: Server;
/** Takes connections and says nothing. */
let mute: Server;
let mutual: TcpProxy;
let stale: TcpProxy;
let certificates: Record<'good' | 'expired' | 'early' | 'foreign', Pair>;
let ca: string;
let otherCa: string;

const listening = async (server: Server | Http2Server): Promise<string> => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};
let plainAt: string;
let curtAt: string;
let muteAt: string;

beforeAll(async () => {
  plain = createHttp2();
  plainAt = await listening(plain);
  curt = createTcp((socket) => socket.end());
  curtAt = await listening(curt);
  mute = createTcp();
  muteAt = await listening(mute);
  const [ours, others] = await Promise.all([createAuthority('ours'), createAuthority('others')]);
  [ca, otherCa] = [ours.cert, others.cert];
  const server = await ours.issue({ name: 'temporal.test' });
  const old = await ours.issue({ name: 'temporal.test', ...past });
  mutual = await startTlsProxy({ target: plainAt, ...server, clientCa: ca });
  stale = await startTlsProxy({ target: plainAt, ...old });
  certificates = {
    good: await ours.issue({ name: 'worker' }),
    expired: await ours.issue({ name: 'worker', ...past }),
    early: await ours.issue({ name: 'worker', ...future }),
    foreign: await others.issue({ name: 'worker' }),
  };
});
afterAll(async () => {
  await Promise.all([mutual.close(), stale.close()]);
  plain.close();
  curt.close();
  mute.close();
});

const bytes = (text: string): Buffer => Buffer.from(text);
/** The connection options of a worker that has the certificate of one pair and the key of another. */
const proving = (name: keyof typeof certificates, keyOf = name): Reach['tls'] => ({
  serverRootCACertificate: bytes(ca),
  clientCertPair: {
    crt: bytes(certificates[name].cert),
    key: bytes(certificates[keyOf].key),
  },
});
const trusting = (pem: string, more = {}): Reach['tls'] => ({
  serverRootCACertificate: bytes(pem),
  ...more,
});

test.each<{ name: string; reach: () => Reach; expected: RegExp | undefined }>([
  {
    name: 'a server that lets us in',
    reach: () => ({ address: mutual.address, tls: proving('good') }),
    expected: undefined,
  },
  {
    name: 'a server without TLS',
    reach: () => ({ address: plainAt }),
    expected: undefined,
  },
  {
    name: 'a certificate of ours that has expired',
    reach: () => ({ address: mutual.address, tls: proving('expired') }),
    expected: /^the client certificate expired on 20/,
  },
  {
    name: 'a certificate of ours that is not valid yet',
    reach: () => ({ address: mutual.address, tls: proving('early') }),
    expected: /^the client certificate is valid only from 20.* on$/,
  },
  {
    name: 'a certificate of ours that the server does not know',
    reach: () => ({ address: mutual.address, tls: proving('foreign') }),
    expected: /^the server does not accept the client certificate/,
  },
  {
    name: 'the key of another certificate',
    reach: () => ({ address: mutual.address, tls: proving('good', 'foreign') }),
    expected: /^TEMPORAL_TLS_CLIENT_KEY_PATH is the key of another certificate$/,
  },
  {
    name: 'no certificate where one is wanted',
    reach: () => ({ address: mutual.address, tls: trusting(ca) }),
    expected: /client certificate.*TEMPORAL_TLS_CLIENT_CERT_PATH/,
  },
  {
    name: 'a server of another authority',
    reach: () => ({ address: mutual.address, tls: trusting(otherCa) }),
    expected: /^the server's certificate is of an authority that is not trusted here/,
  },
  {
    name: 'a server of another name',
    reach: () => ({
      address: mutual.address,
      tls: trusting(ca, { serverNameOverride: 'other.test' }),
    }),
    expected: /another name \(TEMPORAL_TLS_SERVER_NAME\).*DNS:temporal\.test/,
  },
  {
    name: 'a server whose certificate has expired',
    reach: () => ({ address: stale.address, tls: trusting(ca) }),
    expected: /^the server's certificate has expired$/,
  },
  {
    name: 'no TLS where it is wanted',
    reach: () => ({ address: mutual.address }),
    expected: /ends the connection at once: it may want TLS \(TEMPORAL_TLS=true/,
  },
  {
    name: 'TLS where there is none',
    reach: () => ({ address: plainAt, tls: true }),
    expected: /speaks no TLS: TEMPORAL_TLS=false/,
  },
  {
    name: 'somebody who hangs up',
    reach: () => ({ address: curtAt, tls: true }),
    expected: /^127\.0\.0\.1:\d+ ends the connection: it may not speak TLS$/,
  },
  {
    name: 'somebody who says nothing',
    reach: () => ({ address: muteAt }),
    expected: /^no answer from 127\.0\.0\.1:\d+ within 3 s$/,
  },
  {
    name: 'nobody',
    reach: () => ({ address: '127.0.0.1:1' }),
    expected: /^nothing listens at 127\.0\.0\.1:1$/,
  },
  {
    name: 'a name that nobody has',
    reach: () => ({ address: 'nowhere.invalid' }),
    expected: /^the name of nowhere\.invalid:7233 is not known$/,
  },
  {
    name: 'an authority that is none',
    reach: () => ({ address: mutual.address, tls: trusting('x') }),
    expected: /^TEMPORAL_TLS_SERVER_CA_CERT_PATH is not a certificate in PEM format$/,
  },
  {
    name: 'a certificate that is none',
    reach: () => ({
      address: mutual.address,
      tls: { clientCertPair: { crt: bytes('x'), key: bytes('x') } },
    }),
    expected: /^TEMPORAL_TLS_CLIENT_CERT_PATH is not a certificate in PEM format$/,
  },
  {
    name: 'a key that is none',
    reach: () => ({
      address: mutual.address,
      tls: { clientCertPair: { crt: bytes(certificates.good.cert), key: bytes('x') } },
    }),
    expected: /^TEMPORAL_TLS_CLIENT_KEY_PATH is not a private key in PEM format$/,
  },
])('G8: of $name it is said what is wrong', async ({ reach, expected }) => {
  const because = await whyOutOfReach(reach(), NOW_MS);
  if (expected === undefined) expect(because).toBeUndefined();
  else expect(because).toMatch(expected);
});
