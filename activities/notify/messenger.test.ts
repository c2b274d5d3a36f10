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
const URL_RECEIVER = to({ kind: 'url', address });

/** Why the notice was not taken. */
async function refusal(value: string, receiver: Receiver = SLACK) {
  const error: unknown = await messenger(value)
    .send(receiver, NOTICE)
    .catch((thrown: unknown) => thrown);
  if (error === undefined) throw new Error('it was sent');
  return notSent(error);
}

const SLACK_TARGET = { kind: 'slack', address, username: 'kured' } as const;
const secret = { variable: 'TOKEN' };
/** What would call people in Slack or Mattermost, the second time without the sign itself, and begin a link. */
const WORDS = '<!channel> &#64;all @channel [pay]';
const IN_CHATS = '‹!channel› ＆#64;all ＠channel ［pay］';

describe('what is posted', () => {
  test.each<[string, Receiver | Target, (url: string) => string, object]>([
    [
      'to Slack: the text and who speaks',
      SLACK_TARGET,
      (url) => `${url}/hook`,
      { method: 'POST', path: '/hook', body: '{"text":"Draining node n1","username":"kured"}' },
    ],
    [
      'to Slack: the channel, when there is one',
      { ...SLACK_TARGET, channel: '#ops' },
      (url) => url,
      { body: '{"text":"Draining node n1","username":"kured","channel":"#ops"}' },
    ],
    [
      'what the template of the receiver says',
      { ...to(SLACK_TARGET), templates: { draining: 'now {{node}}' } },
      (url) => url,
      { body: '{"text":"now n1","username":"kured"}' },
    ],
    [
      'to Teams: a card',
      { kind: 'teams', address },
      (url) => url,
      { body: expect.stringContaining('application/vnd.microsoft.card.adaptive') },
    ],
    [
      'to a chat that takes what Slack takes: words of others that call nobody and link nowhere, and the template that may',
      { ...to(SLACK_TARGET), templates: { draining: '<!here> @all {{because}}' } },
      (url) => url,
      { body: `{"text":"<!here> @all ${IN_CHATS}","username":"kured"}` },
    ],
    [
      'to the plain address of one: the same',
      { ...to({ kind: 'url', address }), templates: { draining: '@all {{because}}' } },
      (url) => url,
      { body: `{"text":"@all ${IN_CHATS}","username":"lockkeeper"}` },
    ],
    [
      'to Teams: the same, also in what is known besides',
      { ...to({ kind: 'teams', address }), templates: { draining: '@team {{because}}' } },
      (url) => url,
      {
        body: expect.stringMatching(`"text":"@team ${IN_CHATS}".*"value":"${IN_CHATS}"`),
      },
    ],
    [
      'to an address of kured: what kured posted',
      { kind: 'url', address },
      (url) => `generic+${url}/hook`,
      { path: '/hook', body: 'Draining node n1' },
    ],
    [
      'to an address with user and password: both in a header',
      SLACK_TARGET,
      (url) => url.replace('//', '//ann:p%40ss@'),
      { headers: { authorization: `Basic ${Buffer.from('ann:p@ss').toString('base64')}` } },
    ],
  ])('%s', async (_, target, value, expected) => {
    const receiver = 'target' in target ? target : to(target);
    await messenger(value(server.url)).send(receiver, { ...NOTICE, because: WORDS });
    const headers = { 'content-type': 'application/json' };
    expect(server.asked).toMatchObject([{ method: 'POST', headers, ...expected }]);
  });

  test('to a webhook: everything that is known, signed, also at an address that is no secret', async () => {
    const plain = { plain: `${server.url}/open` };
    await messenger('').send(to({ kind: 'webhook', address: plain, secret }), NOTICE);
    const [{ body, headers, path }] = server.asked as [Asked];
    expect(path).toBe('/open');
    const words = `${NOTICE.id}.${String(headers['webhook-timestamp'])}.${body}`;
    const signature = createHmac('sha256', SECRET).update(words).digest('base64');
    expect(headers).toMatchObject({
      'webhook-id': NOTICE.id,
      'webhook-signature': `v1,${signature}`,
    });
    expect(JSON.parse(body)).toMatchObject({ id: NOTICE.id, text: 'Draining node n1' });
  });

  test('nothing to a logger, which is only logged', async () => {
    await messenger('logger://').send(URL_RECEIVER, NOTICE);
    expect(logged).toContain('notice {"text":"Draining node n1"}');
    expect(server.asked).toEqual([]);
  });
});

const again = (value: string) => ({ 'retry-after': value });

describe('a receiver that does not take it', () => {
  test.each<[string, Answer, string, number | undefined]>([
    ['with an error', { status: 500 }, 'it answers 500', undefined],
    [
      'with words',
      { status: 403, text: 'invalid_token' },
      'it answers 403: invalid_token',
      undefined,
    ],
    [
      'with JSON',
      { status: 400, text: '{"ok":false,"description":"Bad Request: chat not found"}' },
      'it answers 400: Bad Request: chat not found',
      undefined,
    ],
    ['with a page', { status: 502, text: '<html>T0PS3CRET</html>' }, 'it answers 502', undefined],
    [
      'with a no that looks like a yes',
      { status: 200, text: '{"ok":false,"error":"not_in_channel"}' },
      'it answers 200: not_in_channel',
      undefined,
    ],
    [
      'with a redirection',
      { status: 302, headers: { location: 'https://example.org' } },
      'it answers 302',
      undefined,
    ],
    [
      'with its own address',
      { status: 404, text: 'no T_PS_CRET_here' },
      'it answers 404: no …',
      undefined,
    ],
    ['for a while', { status: 429, headers: again('30') }, 'it answers 429', 30_000],
    ['for very long', { status: 503, headers: again('86400') }, 'it answers 503', 3_600_000],
    [
      'for a time that is none',
      { status: 503, headers: again('soon') },
      'it answers 503',
      undefined,
    ],
  ])('says so: %s', async (_, answered, message, retryAfterMs) => {
    answer = () => answered;
    const refused = await refusal(`${server.url}/services/T_PS_CRET_here`);
    expect(refused.message).toBe(message);
    expect(refused.retryAfterMs).toBe(retryAfterMs);
  });
});

const GONE = { variable: 'GONE' };
const NO_VARIABLE = 'the worker has no environment variable GONE';
const NO_HTTP = 'its address cannot be used: it is not an http address';

describe('a receiver that cannot be notified as things are', () => {
  test.each<[string, Target, string | undefined]>([
    ['whose variable is not there', { ...SLACK_TARGET, address: GONE }, NO_VARIABLE],
    [
      'whose secret for signatures is not there',
      { kind: 'webhook', address: { plain: 'https://example.org' }, secret: GONE },
      NO_VARIABLE,
    ],
    ['whose address is none', { kind: 'teams', address: secret }, NO_HTTP],
    [
      'whose address names no service',
      { kind: 'url', address: secret },
      'its address cannot be used: it is not an address',
    ],
  ])('says so beforehand and when it is to be: one %s', async (_, target, because) => {
    expect(await messenger('').whyNotReady(to(target))).toBe(because);
    expect((await refusal('', to(target))).message).toBe(because);
  });

  test.each(['https://example.org/x', 'ntfy://host/topic', 'logger://'])(
    'is not one with the address %s',
    async (value) => {
      expect(await messenger(value).whyNotReady(URL_RECEIVER)).toBeUndefined();
    },
  );
});

describe('G11: receivers that hang', () => {
  test('are given up after 10 s, and no more than three are sent to one at a time', async () => {
    answer = () => HANGS;
    const one = messenger(server.url);
    const first = [1, 2, 3].map(() => one.send(SLACK, NOTICE).catch(notSent));
    const fourth = await one.send(SLACK, NOTICE).catch(notSent);
    expect(fourth).toMatchObject({ message: 'others are being sent just now' });
    expect(fourth && fourth.retryAfterMs).toBeGreaterThan(0);
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
    ['of a webhook', (url) => url, { kind: 'webhook', address, secret }],
    ['of Slack', (url) => url, SLACK_TARGET],
    ['as kured has it', (url) => `generic+${url}`, { kind: 'url', address }],
  ])('%s is sent to by it, and not without it', async (_, valueOf, target) => {
    secure.asked.length = 0;
    const value = valueOf(`${secure.url}/hook`);
    await messenger(value).send({ ...to(target), tls }, NOTICE);
    expect(secure.asked).toHaveLength(1);
    expect((await refusal(value, to(target))).message).toMatch(/certificate/);
    expect(secure.asked).toHaveLength(1);
  });

  test('cannot be notified while the file of the authority is missing', async () => {
    const receiver = { ...URL_RECEIVER, tls: { caFile: join(dir, 'gone.crt') } };
    const because = `${join(dir, 'gone.crt')} cannot be read (ENOENT)`;
    expect(await messenger(secure.url).whyNotReady(receiver)).toBe(because);
    expect((await refusal(secure.url, receiver)).message).toBe(because);
    expect(await messenger(secure.url).whyNotReady({ ...URL_RECEIVER, tls })).toBeUndefined();
  });

  test('is reached by it, and not without it', async () => {
    secure.asked.length = 0;
    expect(await messenger(secure.url).whyNotReached({ ...SLACK, tls })).toBeUndefined();
    expect(await messenger(secure.url).whyNotReached(SLACK)).toMatch(/certificate/);
    expect(secure.asked).toEqual([]);
  });
});

describe('whether a receiver is reached', () => {
  test.each(['/hook', '+generic'])('is found out without sending it anything: %s', async (how) => {
    const isGeneric = how === '+generic';
    const value = isGeneric ? `generic+${server.url}` : server.url + how;
    const receiver = isGeneric ? URL_RECEIVER : SLACK;
    expect(await messenger(value).whyNotReached(receiver)).toBeUndefined();
    const matrix = `${server.url.replace('http://', 'matrix://ann:pw@')}/?disableTLS=yes`;
    expect(await messenger(matrix).whyNotReached(URL_RECEIVER)).toBeUndefined();
    expect(server.asked).toEqual([]);
    await server.close();
    expect(await messenger(value).whyNotReached(receiver)).toBe('connect ECONNREFUSED');
    expect(await messenger(matrix).whyNotReached(URL_RECEIVER)).toBe('connect ECONNREFUSED');
  });

  test('says what is missing, as beforehand', async () => {
    expect(await messenger('').whyNotReached(SLACK)).toBe(
      'the worker has no environment variable ADDRESS',
    );
    expect(await messenger('logger://').whyNotReached(URL_RECEIVER)).toBeUndefined();
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

test('matrix joins its rooms and posts the same message once, however often it is sent', async () => {
  answer = ({ path }) => {
    const text = {
      '/_matrix/client/v3/login': '{"access_token":"t0ken"}',
      '/_matrix/client/v3/join/%23ops': '{"room_id":"!r:example.org"}',
    }[path];
    return { status: 200, text: text ?? '{"event_id":"$1"}' };
  };
  const value = `${server.url.replace('http://', 'matrix://ann:pw@')}/?rooms=ops&disableTLS=yes`;
  for (const _ of [1, 2]) await messenger(value).send(URL_RECEIVER, NOTICE);
  const [first, second] = server.asked.filter(({ path }) => path.includes('/send/'));
  expect(first).toMatchObject({
    method: 'PUT',
    path: expect.stringMatching(
      /^\/_matrix\/client\/v3\/rooms\/!r%3Aexample.org\/send\/m.room.message\/[0-9a-f]{32}$/,
    ),
    body: '{"msgtype":"m.text","body":"Draining node n1"}',
    headers: { authorization: 'Bearer t0ken' },
  });
  expect(second?.path).toBe(first?.path);
});

test.each([
  ['login', '{"errcode":"M_FORBIDDEN","error":"Invalid password"}'],
  ['join', '{"errcode":"M_FORBIDDEN","error":"Invalid password"}'],
  ['send', '{"errcode":"M_FORBIDDEN","error":"Invalid password"}'],
])('matrix says that its %s is refused', async (refused, text) => {
  answer = ({ path }) =>
    path.includes(`/${refused}`)
      ? { status: 403, text }
      : { status: 200, text: '{"access_token":"t0ken","room_id":"!r:example.org"}' };
  const value = `${server.url.replace('http://', 'matrix://ann:pw@')}/?rooms=ops&disableTLS=yes`;
  await expect(messenger(value).send(URL_RECEIVER, NOTICE)).rejects.toThrow(
    `${refused}: it answers 403: Invalid password`,
  );
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

  test('has the message as its subject, all that is known, and the same id however often it is sent', async () => {
    for (const _ of [1, 2]) await messenger('').send(to(mailServer()), NOTICE);
    expect(lines).toContain('RCPT TO:<ann@example.org>');
    expect(lines).toContain('Subject: Draining node n1');
    expect(lines).toContain('pool: workers');
    const login = Buffer.from(`\0lockkeeper\0${SECRET}`).toString('base64');
    expect(lines).toContain(`AUTH PLAIN ${login}`);
    const ids = lines.filter((line) => line.startsWith('Message-ID: '));
    expect(ids[0]).toMatch(/^Message-ID: <[0-9a-f]{32}@example.org>$/);
    expect(ids).toEqual([ids[0], ids[0]]);
  });

  test('that is refused is reported with codes alone', async () => {
    refuses = 'AUTH';
    const { message } = await refusal('', to(mailServer()));
    expect(message).toBe('the mail server did not take it (EAUTH 535 at AUTH PLAIN)');
  });

  test('is asked for no more than a login to find out whether its server is reached', async () => {
    expect(await messenger('').whyNotReached(to(mailServer()))).toBeUndefined();
    expect(lines.some((line) => line.startsWith('AUTH PLAIN'))).toBe(true);
    expect(lines.filter((line) => /^(MAIL|RCPT|DATA)/.test(line))).toEqual([]);
    refuses = 'AUTH';
    expect(await messenger('').whyNotReached(to(mailServer()))).toBe(
      'the mail server did not take it (EAUTH 535 at AUTH PLAIN)',
    );
  });

  test('is not sent in the clear where it must be encrypted', async () => {
    const { message } = await refusal('', to({ ...mailServer(), tls: 'starttls' }));
    expect(message).toMatch(/^the mail server did not take it \(ETLS/);
    expect(lines.join()).not.toContain('AUTH');
  });

  test('goes to an address of kured too', async () => {
    const { port } = mailServer();
    const value = `smtp://lockkeeper:x@127.0.0.1:${port}/?from=a@example.org&to=b@example.org&subject=nodes`;
    await messenger(value).send(URL_RECEIVER, NOTICE);
    expect(lines).toContain('Subject: nodes');
    expect(lines).toContain('RCPT TO:<b@example.org>');
  });
});
