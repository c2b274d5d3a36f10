import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { HttpTarget } from '../domain/http-schema.ts';
import { createAuthority, type Pair } from '../lab/proxy/authority.ts';
import { ask as askServer, exchange, sayAnswer, type HttpRequest } from './http.ts';
import { Revealed, secretsOf } from './secrets.ts';
import { serveWeb, type Asked, type WebServer } from './testing/web-server.ts';

const SECRET = 'sEcr3t-t0ken';
const ENVIRONMENT = { TOKEN: ` ${SECRET}\n`, TEAM: 'blue', EMPTY: '' };

let server: WebServer;
let answer: (response: ServerResponse, asked: Asked) => void;
let dir: string;
beforeEach(async () => {
  answer = (response) => response.end('fine');
  server = await serveWeb((asked, response) => answer(response, asked));
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-http-'));
});
afterEach(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

const ask = (target: Partial<HttpTarget> = {}, url = server.url) =>
  exchange(
    { url, headers: {}, deadlineMs: 20_000, ...target },
    { method: 'GET', path: '/x?y=z' },
    secretsOf(ENVIRONMENT, [dir, '/nowhere']),
  );
const failure = async (asking: Promise<unknown>): Promise<string> => {
  const error: unknown = await asking.catch((thrown: unknown) => thrown);
  if (!(error instanceof Error)) throw new Error('it did not fail');
  return error.message;
};

describe('a request', () => {
  test('has its method, path and body', async () => {
    const sent = { headers: { 'content-type': 'text/plain' }, body: 'Grüezi' };
    const target = { url: `${server.url}/prefix`, headers: {}, deadlineMs: 20_000 };
    const got = await exchange(target, { method: 'POST', path: '/x', ...sent }, secretsOf({}));
    expect(got).toMatchObject({ status: 200, text: 'fine' });
    expect(server.asked).toMatchObject([
      {
        method: 'POST',
        path: '/prefix/x',
        body: 'Grüezi',
        headers: { 'content-type': 'text/plain', 'content-length': '7' },
      },
    ]);
  });

  test.each<{ name: string; target: Partial<HttpTarget>; headers: object }>([
    {
      name: 'a bearer token from the environment',
      target: { bearer: { variable: 'TOKEN' } },
      headers: { authorization: `Bearer ${SECRET}` },
    },
    {
      name: 'user and password',
      target: { basic: { username: 'ann', password: { variable: 'TOKEN' } } },
      headers: { authorization: `Basic ${Buffer.from(`ann:${SECRET}`).toString('base64')}` },
    },
    {
      name: 'headers, with what is in the environment',
      target: { headers: { 'X-Scope-OrgID': 'team-${TEAM}', 'X-Plain': 'a$b' } },
      headers: { 'x-scope-orgid': 'team-blue', 'x-plain': 'a$b' },
    },
  ])('has $name', async ({ target, headers }) => {
    await ask(target);
    expect(server.asked[0]?.headers).toMatchObject(headers);
  });

  test('has the bearer token that is in its file at that moment', async () => {
    const file = join(dir, 'token');
    for (const token of ['first', 'second']) {
      await writeFile(file, `${token}\n`);
      await ask({ bearer: { file } });
    }
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer second',
    ]);
  });
});

describe('an answer', () => {
  test.each([200, 404, 500])('of status %d is one', async (status) => {
    answer = (response) => response.writeHead(status).end('text');
    expect(await ask()).toMatchObject({ status, text: 'text' });
  });

  test('is not looked for elsewhere: a secret is meant for one server', async () => {
    answer = (response) => response.writeHead(302, { location: `${server.url}/else` }).end();
    expect(await ask({ bearer: { variable: 'TOKEN' } })).toMatchObject({ status: 302 });
    expect(server.asked).toHaveLength(1);
  });

  const LONG = 'why '.repeat(100);
  test.each<[string, number, string, string]>([
    ['its status', 503, '', '503 Service Unavailable to GET /x'],
    ['no name where it has none', 599, '', '599 to GET /x'],
    ['its name once', 404, 'Not Found\n', '404 Not Found to GET /x'],
    ['what it is not', 302, '', '302 Found to GET /x, and redirections are not followed'],
    [
      'its first words',
      500,
      '{"error":"EOF"}',
      '500 Internal Server Error to GET /x: {"error":"EOF"}',
    ],
    [
      'as many as are read',
      500,
      LONG,
      `500 Internal Server Error to GET /x: ${LONG.slice(0, 159)}…`,
    ],
    [
      'what a page says',
      502,
      '<html><style>a{}</style><title>502 upstream</title>\n<h1>\u001b[31mno  route</h1>',
      '502 Bad Gateway to GET /x: 502 upstream [31mno route',
    ],
    ['no secret', 401, `not with ${SECRET}`, '401 Unauthorized to GET /x: not with …'],
    [
      'the beginning of what never ends',
      500,
      'x'.repeat(5_000_000),
      `500 Internal Server Error to GET /x: ${'x'.repeat(159)}…`,
    ],
  ])('is told with %s', async (_, status, text, said) => {
    answer = (response) => response.writeHead(status).end(text);
    expect(sayAnswer(await ask({ bearer: { variable: 'TOKEN' } }))).toBe(`it answers ${said}`);
  });

  test('has what was sent as a secret taken out of its words, in every form', async () => {
    answer = (response) => response.end();
    const { redact } = await ask({ basic: { username: 'ann', password: { variable: 'TOKEN' } } });
    const encoded = Buffer.from(`ann:${SECRET}`).toString('base64');
    expect(redact(`no ${SECRET}, no ${encoded}, but ann`)).toBe('no …, no …, but ann');
  });
});

const withoutEnd = (response: ServerResponse): void => {
  while (response.writable && response.write('x'.repeat(1024 * 1024)));
  response.once('drain', () => withoutEnd(response));
};
const cutInTheMiddle = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-length': '10' }).write('half');
  setTimeout(() => response.socket?.destroy(), 50);
};

describe('G8: no answer, in words that stay the same:', () => {
  test('nobody listens', async () => {
    await server.close();
    expect(await failure(ask())).toBe('connect ECONNREFUSED');
  });

  test('there is no such host', async () => {
    expect(await failure(ask({}, 'http://no-such-host.invalid'))).toMatch(
      /^getaddrinfo E\w+ no-such-host\.invalid$/,
    );
  });

  test.each<[string, typeof answer, string]>([
    ['G11: it hangs', () => undefined, 'no answer within 1s'],
    ['G11: it begins and hangs', (to) => to.writeHead(200).write('{'), 'no answer within 1s'],
    ['it is cut', (response) => response.socket?.destroy(), 'the connection was cut'],
    ['it is cut in the middle', cutInTheMiddle, 'the connection was cut'],
    ['it never ends', withoutEnd, 'its answer is longer than 4 MB'],
  ])('%s', async (_, answered, said) => {
    answer = answered;
    expect(await failure(ask({ deadlineMs: said.includes('1s') ? 1_000 : 20_000 }))).toBe(said);
  });

  test('it speaks no TLS', async () => {
    const url = server.url.replace('http:', 'https:');
    const said = await failure(ask({}, url));
    expect(said).toMatch(/^TLS: /);
    expect(await failure(ask({}, url))).toBe(said);
  });
});

describe('what is missing is said, without any secret:', () => {
  test.each<[name: string, target: Partial<HttpTarget>, expected: string]>([
    [
      'a variable',
      { bearer: { variable: 'NO_TOKEN' } },
      'the worker has no environment variable NO_TOKEN',
    ],
    ['a certificate', { tls: { caFile: '/nowhere/ca' } }, '/nowhere/ca cannot be read (ENOENT)'],
  ])('%s', async (_, target, expected) => {
    expect(await failure(ask(target))).toBe(expected);
    expect(server.asked).toEqual([]);
  });

  test('a token that cannot be sent', async () => {
    const file = join(dir, 'token');
    await writeFile(file, `${SECRET}\nsecond line`);
    const said = await failure(ask({ bearer: { file } }));
    expect(said).toContain('authorization');
    expect(said).not.toContain(SECRET);
  });

  test('a certificate that is none', async () => {
    const file = join(dir, 'ca');
    await writeFile(file, SECRET);
    const url = server.url.replace('http:', 'https:');
    const said = await failure(ask({ tls: { certFile: file, keyFile: file } }, url));
    expect(said).toMatch(/^TLS: /);
    expect(said).not.toContain(SECRET);
  });
});

const toThere = (location: string) => {
  answer = (response, { path }) =>
    path === '/' ? response.writeHead(307, { location }).end() : response.end('there');
};

describe('a server with an authority of its own', () => {
  let pair: Pair;
  let ca: string;
  let tls: { caFile: string };
  let secure: WebServer;
  beforeAll(async () => {
    const authority = await createAuthority('tests');
    pair = await authority.issue({ name: 'prometheus.test' });
    ca = authority.cert;
  });
  beforeEach(async () => {
    tls = { caFile: join(dir, 'ca.crt') };
    await writeFile(tls.caFile, ca);
    const options = { ...pair, ca, requestCert: true, rejectUnauthorized: false };
    secure = await serveWeb((asked, response) => answer(response, asked), options);
  });
  afterEach(() => secure.close());

  test('is known by it, and by nothing else', async () => {
    expect(await ask({ tls }, secure.url)).toMatchObject({ status: 200 });
    expect(await failure(ask({}, secure.url))).toMatch(/certificate/);
  });

  const follow = (url: string, more: Partial<HttpRequest> = {}) =>
    askServer(
      { method: 'GET', url, deadlineMs: 20_000, follow: true, tls, ...more },
      new Revealed(secretsOf({}, [dir])),
    );
  const known = { authorization: `Bearer ${SECRET}`, cookie: SECRET, 'x-team': SECRET };
  test('may send to another place of its own, where it is still told who asks', async () => {
    toThere('/there');
    expect(await follow(secure.url, { headers: known })).toMatchObject({ text: 'there' });
    expect(secure.asked[1]?.headers).toMatchObject(known);
  });

  test.each<[string, (url: string) => string]>([
    ['another name', (url) => url.replace('127.0.0.1', 'localhost')],
    ['a name with a login', (url) => url.replace('127.0.0.1', 'ann:pw@localhost')],
  ])('may send to %s, which is told nothing of who asks', async (_, elsewhere) => {
    toThere(`${elsewhere(secure.url)}/there`);
    const login = secure.url.replace('//', `//ann:${SECRET}@`);
    for (const request of [{ headers: known }, { url: login }]) {
      secure.asked.length = 0;
      expect(await follow(secure.url, request)).toMatchObject({ text: 'there' });
      expect(JSON.stringify(secure.asked[0]?.headers)).toMatch(/authorization/);
      expect(Object.keys(secure.asked[1]?.headers ?? {}).toSorted()).toEqual([
        'accept-encoding',
        'connection',
        'host',
        'user-agent',
      ]);
    }
  });

  test('may send to another name, which is shown no certificate of who asks', async () => {
    const shown: unknown[] = [];
    answer = (response, { path }) => {
      shown.push((response.socket as TLSSocket).getPeerCertificate().subject?.CN);
      const location = `${secure.url.replace('127.0.0.1', 'localhost')}/there`;
      if (path === '/') response.writeHead(302, { location });
      response.end();
    };
    const certFile = join(dir, 'tls.crt');
    const keyFile = join(dir, 'tls.key');
    await writeFile(certFile, pair.cert);
    await writeFile(keyFile, pair.key);
    await follow(secure.url, { tls: { ...tls, certFile, keyFile } });
    expect(shown).toEqual(['prometheus.test', undefined]);
  });

  test.each([
    { name: 'plain http', location: () => server.url, said: 'it redirects to plain http' },
    { name: 'no address', location: () => 'http://', said: 'it redirects to what is no address' },
    { name: 'itself', location: () => '/', said: 'it redirects more than 5 times' },
  ])('is not followed to $name', async ({ location, said }) => {
    toThere(location());
    expect(await failure(follow(secure.url))).toBe(said);
    expect(server.asked).toEqual([]);
  });
});

test('whoever no longer waits for an answer is let go, with the reason why', async () => {
  const given = new AbortController();
  const reason = new Error('the worker stops');
  answer = () => given.abort(reason);
  const request = { method: 'GET', url: server.url, deadlineMs: 20_000, signal: given.signal };
  await expect(askServer(request, new Revealed(secretsOf({})))).rejects.toBe(reason);
});

test('what is longer than its caller wants is refused, or cut where only the beginning matters', async () => {
  answer = (response) => response.end('x'.repeat(3_000));
  const request = { method: 'GET', url: server.url, deadlineMs: 20_000, mostBytes: 2_000 };
  const revealed = new Revealed(secretsOf({}));
  expect(await failure(askServer(request, revealed))).toBe('its answer is longer than 2 kB');
  expect((await askServer({ ...request, cut: true }, revealed)).text).toHaveLength(2_000);
});
