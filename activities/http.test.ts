import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { HttpTarget } from '../../domain/http-schema.ts';
import { serveWeb, type WebServer } from '../testing/web-server.ts';
import { exchange, sayStatus } from './http.ts';
import { secretsOf } from './secrets.ts';

const SECRET = 'sEcr3t-t0ken';
const ENVIRONMENT = { TOKEN: ` ${SECRET}\n`, TEAM: 'blue', EMPTY: '' };

let server: WebServer;
let answer: (response: ServerResponse) => void;
let dir: string;
beforeEach(async () => {
  answer = (response) => response.end('fine');
  server = await serveWeb((_asked, response) => answer(response));
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
    secretsOf(ENVIRONMENT),
  );
const failure = async (asking: Promise<unknown>): Promise<string> => {
  const error: unknown = await asking.catch((thrown: unknown) => thrown);
  if (!(error instanceof Error)) throw new Error('it did not fail');
  return error.message;
};

describe('a request', () => {
  test('has its method, path and body', async () => {
    const body = { type: 'text/plain', text: 'Grüezi' };
    const target = { url: `${server.url}/prefix`, headers: {}, deadlineMs: 20_000 };
    const got = await exchange(target, { method: 'POST', path: '/x', body }, secretsOf({}));
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

  test('is told in words of its status', () => {
    expect(sayStatus(503)).toBe('it answers 503 Service Unavailable');
    expect(sayStatus(302)).toBe('it answers 302 Found, and redirections are not followed');
    expect(sayStatus(599)).toBe('it answers 599');
  });

  test('has what was sent as a secret taken out of its words, in every form', async () => {
    answer = (response) => response.end();
    const { redact } = await ask({
      basic: { username: 'ann', password: { variable: 'TOKEN' } },
    });
    const encoded = Buffer.from(`ann:${SECRET}`).toString('base64');
    expect(redact(`no ${SECRET}, no ${encoded}, but ann`)).toBe('no …, no …, but ann');
  });
});

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

  test('G11: it hangs', async () => {
    answer = () => undefined;
    expect(await failure(ask({ deadlineMs: 1_000 }))).toBe('no answer within 1s');
  });

  test('G11: it begins to answer and hangs', async () => {
    answer = (response) => void response.writeHead(200).write('{');
    expect(await failure(ask({ deadlineMs: 1_000 }))).toBe('no answer within 1s');
  });

  test('it is cut', async () => {
    answer = (response) => void response.socket?.destroy();
    expect(await failure(ask())).toBe('the connection was cut');
  });

  test('it is cut in the middle', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half');
      setTimeout(() => response.socket?.destroy(), 50);
    };
    expect(await failure(ask())).toBe('the connection was cut');
  });

  test('it never ends', async () => {
    answer = (response) => {
      const more = (): void => {
        while (response.writable && response.write('x'.repeat(1024 * 1024)));
      };
      response.on('drain', more);
      more();
    };
    expect(await failure(ask())).toBe('its answer is longer than 32 MiB');
  });

  test('it speaks no TLS', async () => {
    const url = server.url.replace('http:', 'https:');
    const said = await failure(ask({}, url));
    expect(said).toMatch(/^TLS: /);
    expect(await failure(ask({}, url))).toBe(said);
  });
});

describe('what is missing is said, without any secret:', () => {
  test.each<{ name: string; target: Partial<HttpTarget>; expected: string }>([
    {
      name: 'a variable',
      target: { bearer: { variable: 'NO_TOKEN' } },
      expected: 'the worker has no environment variable NO_TOKEN',
    },
    {
      name: 'an empty variable',
      target: { headers: { a: '${EMPTY}' } },
      expected: 'the worker has no environment variable EMPTY',
    },
    {
      name: 'a file',
      target: { bearer: { file: '/nowhere/token' } },
      expected: '/nowhere/token cannot be read (ENOENT)',
    },
    {
      name: 'a certificate',
      target: { tls: { caFile: '/nowhere/ca' } },
      expected: '/nowhere/ca cannot be read (ENOENT)',
    },
  ])('$name', async ({ target, expected }) => {
    expect(await failure(ask(target))).toBe(expected);
    expect(server.asked).toEqual([]);
  });

  test('an empty file', async () => {
    const file = join(dir, 'token');
    await writeFile(file, '\n');
    expect(await failure(ask({ bearer: { file } }))).toBe(`${file} is empty`);
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
