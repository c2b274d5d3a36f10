import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { BadAddress } from './address.ts';
import type { HttpCall } from './call.ts';
import { SERVICES } from './services.ts';
import { escapeWords } from '../markup.ts';
import { markupAt, translate, type Transport } from './translate.ts';

interface Recorded {
  readonly url: string;
  readonly message: string;
  readonly calls: readonly HttpCall[];
}

/** What shoutrrr 0.8.0, the library of kured 1.23, sent for each address; recorded at its http.DefaultTransport. */
const RECORDED = readFileSync(new URL('shoutrrr.fixture.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

/** Bodies compare as what they mean; where shoutrrr signs with its own name we sign with ours. */
function normalized({ body = '', headers, url, method }: HttpCall) {
  const { 'user-agent': agent = '', ...others } = headers;
  const own = agent === '' || agent.startsWith('shoutrrr') ? {} : { 'user-agent': agent };
  return {
    method,
    // Go writes no slash behind a bare host, and two before the path of a Gotify below a path.
    url: new URL(url).href.replace('//message', '/message'),
    headers: { ...others, ...own },
    body: parsed(body.replace('Shoutrrr notification', 'Lockkeeper')),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function calls(address: string, text = 'x'): readonly HttpCall[] {
  const transport = translate(address, text);
  if (transport.kind !== 'http') throw new Error(`it is sent by ${transport.kind}`);
  return transport.calls;
}

describe('G12: an address of kured gets what kured sent it', () => {
  test('for every service that takes requests', () => {
    const services = new Set(RECORDED.map(({ url }) => new URL(url).protocol.slice(0, -1)));
    const generic = ['generic', 'generic+http', 'generic+https'];
    expect([...services].toSorted()).toEqual([...Object.keys(SERVICES), ...generic].toSorted());
  });

  test.each(RECORDED)('$url', ({ url, message, calls: recorded }) => {
    expect(calls(url, message).map(normalized)).toEqual(recorded.map(normalized));
  });

  test.each([
    ['slack://T0A000000/B0B000000/abcdefghijklmnopqrstuvwx', 'line\n'.repeat(150), 'line', 100],
    ['discord://t0ken@123', 'line\n'.repeat(150), 'line', 10],
    ['discord://t0ken@123', 'x'.repeat(2_001), 'x{1994} \\[\\.\\.\\.\\]', 1],
  ])('%s is sent no more than it takes', (address, text, shown, times) => {
    const [call] = calls(address, text);
    expect(call?.body?.match(new RegExp(`:"${shown}["\\\\]`, 'g'))).toHaveLength(times);
  });

  test.each([
    'ifttt://key?events=a&value2=b&title=c',
    'discord://t0ken@123/raw?username=a&title=b&colorError=1',
    'bark://:key@host?url=a',
  ])('%s: a key is known also where it changes nothing', (address) => {
    expect(calls(address)).toEqual(
      calls(address.replace(/(value2|title|username|url|colorError)=\w+&?/g, '')),
    );
  });
});

const CARD = { attachments: [{ content: { type: 'AdaptiveCard' } }] };

describe('a plain address', () => {
  test.each([
    ['https://hooks.slack.com/services/A/B/C', { text: 'x', username: 'lockkeeper' }],
    ['"https://hooks.slack.com/services/A/B/C"', { text: 'x', username: 'lockkeeper' }],
    ["'http://flow.example.org/?sig=abc'\n", { text: 'x', username: 'lockkeeper' }],
    ['https://discord.com/api/webhooks/1/abc', { content: 'x', username: 'lockkeeper' }],
    ['https://example.webhook.office.com/webhookb2/a@b/IncomingWebhook/c', CARD],
    ['https://fa.environment.api.powerplatform.com/powerautomate/automations/x', CARD],
  ])('%s gets %j', (address, body) => {
    const [call] = calls(address);
    const url = address.trim().replaceAll(/["']/g, '');
    const headers = { 'content-type': 'application/json' };
    expect(call).toMatchObject({ method: 'POST', url, headers });
    expect(JSON.parse(call?.body ?? '')).toMatchObject(body);
  });
});

const MAIL = { server: 'mx', port: 25, tls: 'whenOffered', from: 'a@b.c', to: ['d@e.f'] };

test.each<[string, object]>([
  [
    'smtp://ann:p%40ss@mx:587/?from=a+b@b.c&to=d@e.f,g@h.i&subject=nodes',
    {
      ...MAIL,
      port: 587,
      from: 'a+b@b.c',
      to: ['d@e.f', 'g@h.i'],
      subject: 'nodes',
      login: { user: 'ann', password: 'p@ss' },
    },
  ],
  ['smtp://mx/?fromAddress=a@b.c&toAddresses=d@e.f&fromName=x&useHTML=yes&clientHost=auto', MAIL],
  ['smtp://u:p@mx:465/?from=a@b.c&to=d@e.f&auth=None', { ...MAIL, port: 465, tls: 'always' }],
  ['smtp://mx/?from=a@b.c&to=d@e.f&starttls=no', { ...MAIL, tls: 'never' }],
  [
    'smtp://mx:2465/?from=a@b.c&to=d@e.f&encryption=ImplicitTLS',
    { ...MAIL, port: 2465, tls: 'always' },
  ],
])('%s is mail', (address, mail) => {
  expect(translate(address, 'x')).toEqual({ kind: 'mail', mail });
});

test.each<[string, Transport]>([
  [
    'matrix://:t0ken@m.example.org/?rooms=!one:example.org,ops',
    {
      kind: 'matrix',
      matrix: {
        server: 'https://m.example.org',
        password: 't0ken',
        rooms: ['!one:example.org', '#ops'],
      },
    },
  ],
  [
    'matrix://ann:pw@m.example.org:8448/?disableTLS=yes&title=x',
    {
      kind: 'matrix',
      matrix: { server: 'http://m.example.org:8448', user: 'ann', password: 'pw', rooms: [] },
    },
  ],
  ['logger://', { kind: 'log' }],
])('%s', (address, transport) => {
  expect(translate(address, 'x')).toEqual(transport);
});

test.each([
  ['s3cret', 'it is not an address'],
  ['', 'it is not an address'],
  ['discord://s3cret@', 'it is not an address'],
  ['s3cret://s3cret', 'it names no service that is known'],
  ['s3cret:s3cret', 'it names no service that is known'],
  ['constructor://s3cret', 'it names no service that is known'],
  ['slack://s3cret/s3cret/s3cret', 'its token is none of Slack'],
  ['discord://1234', 'token is missing, as in discord://token@id[/raw]'],
  ['discord://s3cret@1234?color=s3cret', 'color is not a whole number'],
  ['discord://s3cret@1234?splitLines=s3cret', 'splitLines is not yes or no'],
  ['mattermost://h/s3cret?s3cret=x', 'it may have title, icon, icon_emoji, icon_url'],
  ['rocketchat://host/a/s3cret?s3cret=x', 'it may have none'],
  ['teams://group@tenant/s3cret', 'owner is missing'],
  ['googlechat://chat.googleapis.com/v1?key=s3cret', 'token is missing'],
  ['rocketchat://host/s3cret', 'tokenB is missing'],
  ['zulip://s3cret@host', 'key is missing'],
  ['telegram://1:s3cret@telegram', 'chats is missing'],
  [
    'telegram://1:s3cret@telegram?chats=a&parsemode=s3cret',
    'parseMode is not one of None, Markdown, HTML, MarkdownV2',
  ],
  ['ifttt://s3cret', 'events is missing'],
  ['ifttt://s3cret?events=,', 'events is missing'],
  ['ifttt://s3cret?events=a&messagevalue=4', 'messageValue is not one of 2, 1, 3'],
  ['join://s3cret@join', 'key is missing'],
  ['ntfy://user:s3cret@host', 'topic is missing'],
  ['opsgenie://host/s3cret?responders=s3cret', 'a responder is none of team:name and user:name'],
  ['opsgenie://host/s3cret?details=s3cret', 'details are not a:b'],
  ['generic://host?template=s3cret', 'there is no template but json'],
  ['smtp://u:s3cret@host?to=b', 'from is missing'],
  ['smtp://u:s3cret@host?from=b', 'to is missing'],
  ['smtp://u:s3cret@host?from=a&to=b&auth=OAuth2', 'OAuth2 is not supported: use a password'],
  ['matrix://host', 'password is missing'],
])('%s is refused, and nothing of it repeated', (address, because) => {
  const refused = (): unknown => translate(address, 'x');
  expect(refused).toThrow(BadAddress);
  expect(refused).toThrow(because);
  expect(refused).not.toThrow('s3cret');
});

test.each<[address: string, markup: string]>([
  ['slack://hook:a-b-c@webhook', 'slack'],
  ['"slack://hook:a-b-c@webhook"', 'slack'],
  ['https://hooks.slack.com/services/a/b/c', 'slack'],
  ['https://hooks.slack-gov.com/services/a/b/c', 'slack'],
  ['https://hooks.slack.com@chat.example.org/hooks/x', 'chat'],
  ['https://chat.example.org/hooks/x', 'chat'],
  ['https://discord.com/api/webhooks/1/2', 'chat'],
  ['https://x.webhook.office.com/a', 'chat'],
  ['discord://token@1', 'chat'],
  ['telegram://token@telegram?chats=@x', 'chat'],
  ['mattermost://host/token', 'chat'],
  ['generic+https://example.org', 'none'],
  ['smtp://host/?from=a@b&to=c@d', 'none'],
  ['ntfy://host/topic', 'none'],
  ['no address', 'chat'],
])('what is sent to %s is read as %s', (address, markup) => {
  expect(markupAt(address)).toBe(markup);
});

test('words of others read in Slack as they were written, and call nobody there', () => {
  const because = '<!channel> a & b [1] @ann';
  const { because: escaped } = escapeWords({ id: '1', event: 'lost', atMs: 0, because }, 'slack');
  expect(escaped).toBe('&lt;!channel&gt; a &amp; b [1] @ann');
});
