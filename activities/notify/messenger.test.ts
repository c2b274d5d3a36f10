import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TlsFiles } from '../../domain/http-schema.ts';
import type { Notice } from '../../domain/notifications/events.ts';
import type { Receiver, Target } from '../../domain/notifications/receivers.ts';
import { createAuthority } from '../../lab/proxy/authority.ts';
import { secretsOf } from '../secrets.ts';
import { serveWeb, type Asked, type WebServer } from '../testing/web-server.ts';
import { RealMessenger } from './messenger.ts';
import { notSent } from './not-sent.ts';

const NOTICE: Notice = {
  id: 'run-1/7/draining',
  event: 'draining',
  atMs: 0,
  node: 'n1',
  pool: 'workers',
};
const SECRET = 'T0PS3CRET';

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly text?: string;
}

const HANGS = undefined;

let server: WebServer;
let answer: (asked: Asked) => Answer | typeof HANGS;
beforeEach(async () => {
  answer = () => ({ status: 200 });
  server = await serveWeb((asked, response) => {
    const said = answer(asked);
    if (said) response.writeHead(said.status, said.headers).end(said.text);
  });
});
afterEach(() => server.close());

const address = { variable: 'ADDRESS' } as const;
const logged: string[] = [];

/** A messenger whose worker has the variable ADDRESS, and TOKEN. */
function messenger(value: string): RealMessenger {
  return new RealMessenger({
    secrets: secretsOf({ ADDRESS: value, TOKEN: SECRET }),
    log: { info: (message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`) },
  });
}

const to = (target: Target): Receiver => ({ name: 'ops', target, on: ['draining'], templates: {} });
const SLACK = to({ kind: 'slack', address, username: 'lockkeeper' });

/** Why the notice was not taken. */
async function refusal(value: string, receiver: Receiver = SLACK) {
  const error: unknown = await messenger(value)
    .send(receiver, NOTICE)
    .catch((thrown: unknown) => thrown);
  if (error === undefined) throw new Error('it was sent');
  return notSent(error);
}

const post = async (target: Target): Promise<Asked> => {
  await messenger(`${server.url}/hook`).send(to(target), NOTICE);
  return server.asked[0] as Asked;
};

describe('what is posted', () => {
  test('to Slack is the text and who speaks', async () => {
    const { body, method, headers } = await post({ kind: 'slack', address, username: 'kured' });
    expect(method).toBe('POST');
    expect(headers['content-type']).toBe('application/json');
    expect(body).toBe('{"text":"Draining node n1","username":"kured"}');
  });

  test('to Slack names the channel only when there is one', async () => {
    const target = { kind: 'slack', address, username: 'kured', channel: '#ops' } as const;
    expect((await post(target)).body).toBe(
      '{"text":"Draining node n1","username":"kured","channel":"#ops"}',
    );
  });

  test('to Teams is a card', async () => {
    expect(JSON.parse((await post({ kind: 'teams', address })).body)).toMatchObject({
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive' }],
    });
  });

  test('to a webhook is signed with its secret', async () => {
    const secret = { variable: 'TOKEN' };
    const { body, headers } = await post({ kind: 'webhook', address, secret });
    const words = `${NOTICE.id}.${String(headers['webhook-timestamp'])}.${body}`;
    const signature = createHmac('sha256', SECRET).update(words).digest('base64');
    expect(headers).toMatchObject({
      'webhook-id': NOTICE.id,
      'webhook-signature': `v1,${signature}`,
    });
    expect(JSON.parse(body)).toEqual({
      id: NOTICE.id,
      event: 'draining',
      at: '1970-01-01T00:00:00.000Z',
      node: 'n1',
      pool: 'workers',
      text: 'Draining node n1',
    });
  });

  test('to a webhook whose address is no secret goes there', async () => {
    const target = {
      kind: 'webhook',
      address: { plain: `${server.url}/open` },
      secret: { variable: 'TOKEN' },
    } as const;
    expect((await post(target)).path).toBe('/open');
  });

  test('to an address of kured is what kured posted', async () => {
    const way = `generic+${server.url}/hook`;
    await messenger(way).send(to({ kind: 'url', address }), NOTICE);
    expect(server.asked[0]).toMatchObject({ path: '/hook', body: 'Draining node n1' });
  });

  test('to an address with user and password has them in a header', async () => {
    await messenger(server.url.replace('//', '//ann:p%40ss@')).send(SLACK, NOTICE);
    const login = Buffer.from('ann:p@ss').toString('base64');
    expect(server.asked[0]?.headers.authorization).toBe(`Basic ${login}`);
  });

  test('follows the template of the receiver', async () => {
    const receiver = { ...SLACK, templates: { draining: 'now {{node}}' } };
    await messenger(server.url).send(receiver, NOTICE);
    expect(server.asked[0]?.body).toContain('"now n1"');
  });

  test('to a logger is logged', async () => {
    await messenger('logger://').send(to({ kind: 'url', address }), NOTICE);
    expect(logged).toContain('notice {"text":"Draining node n1"}');
    expect(server.asked).toEqual([]);
  });
});

describe('a receiver that does not take it', () => {
  test.each<[string, Answer, { message: string; againMs?: number }]>([
    ['with an error', { status: 500 }, { message: 'it answers 500' }],
    [
      'with words',
      { status: 403, text: 'invalid_token' },
      { message: 'it answers 403: invalid_token' },
    ],
    [
      'with JSON',
      { status: 400, text: '{"ok":false,"description":"Bad Request: chat not found"}' },
      { message: 'it answers 400: Bad Request: chat not found' },
    ],
    ['with a page', { status: 502, text: '<html>T0PS3CRET</html>' }, { message: 'it answers 502' }],
    [
      'with a no that looks like a yes',
      { status: 200, text: '{"ok":false,"error":"not_in_channel"}' },
      { message: 'it answers 200: not_in_channel' },
    ],
    [
      'with a redirection',
      { status: 302, headers: { location: 'https://example.org' } },
      { message: 'it answers 302' },
    ],
    [
      'with its own address',
      { status: 404, text: 'no T_PS_CRET_here' },
      { message: 'it answers 404: no …' },
    ],
    [
      'for a while',
      { status: 429, headers: { 'retry-after': '30' } },
      { message: 'it answers 429', againMs: 30_000 },
    ],
    [
      'for very long',
      { status: 503, headers: { 'retry-after': '86400' } },
      { message: 'it answers 503', againMs: 3_600_000 },
    ],
    [
      'for a time that is none',
      { status: 503, headers: { 'retry-after': 'soon' } },
      { message: 'it answers 503' },
    ],
  ])('says so: %s', async (_, said, { message, againMs }) => {
    answer = () => said;
    const refused = await refusal(`${server.url}/services/T_PS_CRET_here`);
    expect(refused.message).toBe(message);
    expect(refused.againMs).toBe(againMs);
  });

  test('because it is not there', async () => {
    await server.close();
    expect((await refusal(server.url)).message).toBe('connect ECONNREFUSED');
  });

  test('because nobody knows its name', async () => {
    const { message } = await refusal('http://nowhere.invalid/T0PS3CRET');
    expect(message).toMatch(/^getaddrinfo E\w+ …$/);
  });

  test('because it speaks no TLS', async () => {
    const { message } = await refusal(server.url.replace('http:', 'https:'));
    expect(message).toMatch(/^TLS: /);
  });

  test.each([
    [
      'because its variable is not there',
      { kind: 'slack', address: { variable: 'GONE' }, username: 'a' },
      'the worker has no environment variable GONE',
    ],
    [
      'because its address is none',
      { kind: 'teams', address: { variable: 'TOKEN' } },
      'its address cannot be used: it is not an http address',
    ],
    [
      'because its address names no service',
      { kind: 'url', address: { variable: 'TOKEN' } },
      'its address cannot be used: it is not an address',
    ],
  ] as [string, Target, string][])('%s', async (_, target, message) => {
    expect((await refusal(server.url, to(target))).message).toBe(message);
  });
});

describe('G11: receivers that hang', () => {
  test('are given up after 10 s, and at most three of one are told at a time', async () => {
    answer = () => HANGS;
    const one = messenger(server.url);
    const first = [1, 2, 3].map(() => one.send(SLACK, NOTICE).catch(notSent));
    const fourth = await one.send(SLACK, NOTICE).catch(notSent);
    expect(fourth).toMatchObject({ message: 'others are being told just now' });
    expect(fourth && fourth.againMs).toBeGreaterThan(0);
    const asked = (): number => server.asked.length;
    while (asked() < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    answer = () => ({ status: 200 });
    await one.send({ ...SLACK, name: 'another' }, NOTICE);
    expect(await Promise.all(first)).toMatchObject(
      [1, 2, 3].map(() => ({ message: 'no answer within 10s' })),
    );
    await one.send(SLACK, NOTICE);
    expect(asked()).toBe(5);
  }, 30_000);
});

describe('a receiver with an authority of its own', () => {
  let dir: string;
  let secure: WebServer;
  let tls: TlsFiles;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lockkeeper-notify-'));
    const authority = await createAuthority('tests');
    tls = { caFile: join(dir, 'ca.crt') };
    await writeFile(join(dir, 'ca.crt'), authority.cert);
    secure = await serveWeb(
      (_asked, response) => response.end('{}'),
      await authority.issue({ name: 'hooks.test' }),
    );
  });
  afterAll(async () => {
    await secure.close();
    await rm(dir, { recursive: true });
  });

  test.each<[string, (url: string) => string, Target]>([
    ['of a webhook', (url) => url, { kind: 'webhook', address, secret: { variable: 'TOKEN' } }],
    ['of Slack', (url) => url, SLACK.target],
    ['as kured has it', (url) => `generic+${url}`, { kind: 'url', address }],
  ])('%s is told by it, and not without it', async (_, wayOf, target) => {
    secure.asked.length = 0;
    const way = wayOf(`${secure.url}/hook`);
    await messenger(way).send({ ...to(target), tls }, NOTICE);
    expect(secure.asked).toHaveLength(1);
    expect((await refusal(way, to(target))).message).toMatch(/certificate/);
    expect(secure.asked).toHaveLength(1);
  });
});

test('whoever stops the worker does not wait for a receiver', async () => {
  answer = () => HANGS;
  const given = new AbortController();
  const sent = messenger(server.url).send(SLACK, NOTICE, given.signal);
  while (server.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const reason = new Error('the worker stops');
  given.abort(reason);
  await expect(sent).rejects.toBe(reason);
});

test('matrix joins its rooms and says the same thing once, however often it is told', async () => {
  answer = ({ path }) => {
    const text = {
      '/_matrix/client/v3/login': '{"access_token":"t0ken"}',
      '/_matrix/client/v3/join/%23ops': '{"room_id":"!r:example.org"}',
    }[path];
    return { status: 200, text: text ?? '{"event_id":"$1"}' };
  };
  const way = `${server.url.replace('http:', 'matrix:').replace('//', '//ann:pw@')}/?rooms=ops&disableTLS=yes`;
  const receiver = to({ kind: 'url', address });
  await messenger(way).send(receiver, NOTICE);
  await messenger(way).send(receiver, NOTICE);
  const said = server.asked.filter(({ path }) => path.includes('/send/'));
  expect(said).toHaveLength(2);
  expect(said[0]?.path).toMatch(
    /^\/_matrix\/client\/v3\/rooms\/!r%3Aexample.org\/send\/m.room.message\/[0-9a-f]{32}$/,
  );
  expect(said[1]?.path).toBe(said[0]?.path);
  expect(said[0]).toMatchObject({
    method: 'PUT',
    body: '{"msgtype":"m.text","body":"Draining node n1"}',
  });
  expect(said[0]?.headers.authorization).toBe('Bearer t0ken');
});

describe('mail', () => {
  const lines: string[] = [];
  let smtp: ReturnType<typeof createTcpServer>;
  let refuses = '';
  /** Enough of a mail server: says yes to everything, or no to what it refuses. */
  beforeEach(async () => {
    lines.length = 0;
    refuses = '';
    smtp = createTcpServer((socket: Socket) => {
      socket.write('220 mail\r\n');
      let inData = false;
      socket.on('data', (chunk) => {
        for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
          lines.push(line);
          if (inData && line !== '.') continue;
          inData = line === 'DATA';
          socket.write(replyTo(line));
        }
      });
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => void smtp.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => smtp.close(resolve)));

  function replyTo(line: string): string {
    if (refuses !== '' && line.startsWith(refuses)) return `535 no ${SECRET}\r\n`;
    if (line.startsWith('EHLO')) return '250-mail\r\n250 AUTH PLAIN\r\n';
    if (line === 'STARTTLS') return '502 no\r\n';
    if (line === 'DATA') return '354 go on\r\n';
    if (line.startsWith('AUTH')) return '235 yes\r\n';
    return line === 'QUIT' ? '221 bye\r\n' : '250 yes\r\n';
  }

  const mailServer = () => ({
    kind: 'email' as const,
    server: '127.0.0.1',
    port: (smtp.address() as AddressInfo).port,
    tls: 'never' as const,
    from: 'lockkeeper@example.org',
    to: ['ops@example.org', 'ann@example.org'],
    login: { user: 'lockkeeper', password: { variable: 'TOKEN' } },
  });

  test('has the message as its subject and everything that is known in it', async () => {
    await messenger('').send(to(mailServer()), NOTICE);
    expect(lines).toContain('RCPT TO:<ann@example.org>');
    expect(lines).toContain('Subject: Draining node n1');
    expect(lines).toContain('pool: workers');
    const login = Buffer.from(`\0lockkeeper\0${SECRET}`).toString('base64');
    expect(lines).toContain(`AUTH PLAIN ${login}`);
  });

  test('has the same id however often it is sent', async () => {
    await messenger('').send(to(mailServer()), NOTICE);
    await messenger('').send(to(mailServer()), NOTICE);
    const ids = lines.filter((line) => line.startsWith('Message-ID: '));
    expect(ids).toHaveLength(2);
    expect(ids[0]).toMatch(/^Message-ID: <[0-9a-f]{32}@example.org>$/);
    expect(ids[1]).toBe(ids[0]);
  });

  test('that is refused is told with codes alone', async () => {
    refuses = 'AUTH';
    const { message } = await refusal('', to(mailServer()));
    expect(message).toBe('the mail server did not take it (EAUTH 535)');
  });

  test('is not sent in the clear where it must be encrypted', async () => {
    const { message } = await refusal('', to({ ...mailServer(), tls: 'starttls' }));
    expect(message).toMatch(/^the mail server did not take it \(ETLS/);
    expect(lines.join()).not.toContain('AUTH');
  });

  test('goes to an address of kured too', async () => {
    const { port } = mailServer();
    const way = `smtp://lockkeeper:x@127.0.0.1:${port}/?from=a@example.org&to=b@example.org&subject=nodes`;
    await messenger(way).send(to({ kind: 'url', address }), NOTICE);
    expect(lines).toContain('Subject: nodes');
    expect(lines).toContain('RCPT TO:<b@example.org>');
  });
});
