import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { BadAddress } from './address.ts';
import type { HttpCall } from './call.ts';
import { translate } from './translate.ts';

interface Recorded {
  readonly url: string;
  readonly message: string;
  readonly calls: readonly HttpCall[];
}

/** What shoutrrr 0.8.0, the library of kured 1.23, sent for each address; recorded at its http.DefaultTransport. */
const RECORDED = JSON.parse(
  readFileSync(new URL('shoutrrr.fixture.json', import.meta.url), 'utf8'),
) as Recorded[];

/** Bodies compare as what they say; where shoutrrr signs with its own name we sign with ours. */
function said({ body = '', headers, url, method }: HttpCall) {
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

const calls = (address: string, text = 'Draining node worker-1'): readonly HttpCall[] => {
  const way = translate(address, text);
  if (way.kind !== 'http') throw new Error(`it is told by ${way.kind}`);
  return way.calls;
};

describe('G12: an address of kured is told what kured told it', () => {
  test('for every service that takes requests', () => {
    const services = new Set(RECORDED.map(({ url }) => url.split('://')[0]?.toLowerCase()));
    expect(services.size).toBe(20);
  });

  test.each(RECORDED.map((one) => [one.url, one] as const))(
    '%s',
    (_, { url, message, calls: was }) => {
      expect(calls(url, message).map(said)).toEqual(was.map(said));
    },
  );
});

describe('a plain address', () => {
  test.each([
    ['https://hooks.slack.com/services/A/B/C', { text: 'x', username: 'lockkeeper' }],
    ['"https://hooks.slack.com/services/A/B/C"', { text: 'x', username: 'lockkeeper' }],
    ["'http://flow.example.org/?sig=abc'\n", { text: 'x', username: 'lockkeeper' }],
    ['https://discord.com/api/webhooks/1/abc', { content: 'x', username: 'lockkeeper' }],
  ])('%s is told %j', (address, body) => {
    const [call] = calls(address, 'x');
    expect(call).toEqual({
      method: 'POST',
      url: address.trim().replaceAll(/["']/g, ''),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  });

  test.each([
    'https://example.webhook.office.com/webhookb2/a@b/IncomingWebhook/c/d/V2e',
    'https://default.fa.environment.api.powerplatform.com:443/powerautomate/automations/x',
  ])('of Teams is told a card: %s', (address) => {
    expect(calls(address)[0]?.body).toContain('AdaptiveCard');
  });
});

describe('mail', () => {
  test.each([
    [
      'smtp://ann:p%40ss@smtp.example.org:587/?from=a+b@example.org&to=c@example.org,d@example.org&subject=nodes',
      {
        server: 'smtp.example.org',
        port: 587,
        tls: 'whenOffered',
        from: 'a+b@example.org',
        to: ['c@example.org', 'd@example.org'],
        subject: 'nodes',
        login: { user: 'ann', password: 'p@ss' },
      },
    ],
    [
      'smtp://smtp.example.org/?fromAddress=a@example.org&toAddresses=b@example.org&fromName=x&useHTML=yes&clientHost=auto',
      {
        server: 'smtp.example.org',
        port: 25,
        tls: 'whenOffered',
        from: 'a@example.org',
        to: ['b@example.org'],
      },
    ],
    [
      'smtp://u:p@smtp.example.org:465/?from=a@example.org&to=b@example.org&auth=None',
      {
        server: 'smtp.example.org',
        port: 465,
        tls: 'always',
        from: 'a@example.org',
        to: ['b@example.org'],
      },
    ],
    [
      'smtp://smtp.example.org/?from=a@example.org&to=b@example.org&starttls=no',
      {
        server: 'smtp.example.org',
        port: 25,
        tls: 'never',
        from: 'a@example.org',
        to: ['b@example.org'],
      },
    ],
    [
      'smtp://smtp.example.org:2465/?from=a@example.org&to=b@example.org&encryption=ImplicitTLS',
      {
        server: 'smtp.example.org',
        port: 2465,
        tls: 'always',
        from: 'a@example.org',
        to: ['b@example.org'],
      },
    ],
  ])('%s', (address, mail) => {
    expect(translate(address, 'x')).toEqual({ kind: 'mail', mail });
  });
});

describe('matrix', () => {
  test.each([
    [
      'matrix://:t0ken@matrix.example.org/?rooms=!one:example.org,ops',
      {
        server: 'https://matrix.example.org',
        password: 't0ken',
        rooms: ['!one:example.org', '#ops'],
      },
    ],
    [
      'matrix://ann:pw@matrix.example.org:8448/?disableTLS=yes&title=x',
      { server: 'http://matrix.example.org:8448', user: 'ann', password: 'pw', rooms: [] },
    ],
  ])('%s', (address, matrix) => {
    expect(translate(address, 'x')).toEqual({ kind: 'matrix', matrix });
  });
});

test('a logger is only logged', () => {
  expect(translate('logger://', 'x')).toEqual({ kind: 'log' });
});

describe('an address is refused, and nothing of it repeated', () => {
  test.each([
    ['s3cret', 'it is not an address'],
    ['', 'it is not an address'],
    ['s3cret://s3cret', 'it names no service that is known'],
    ['s3cret:s3cret', 'it names no service that is known'],
    ['slack://s3cret/s3cret/s3cret', 'its token is none of Slack'],
    ['discord://s3cret@', 'it is not an address'],
    ['discord://1234', 'the token is missing'],
    ['discord://s3cret@1234?color=s3cret', 'color is not a whole number'],
    ['discord://s3cret@1234?splitLines=s3cret', 'splitlines is neither yes nor no'],
    [
      'mattermost://host/s3cret?s3cret=x',
      'it has a key that mattermost does not know; it knows icon, icon_emoji, icon_url, title',
    ],
    ['teams://group@tenant/s3cret', 'the owner is missing'],
    ['googlechat://chat.googleapis.com/v1?key=s3cret', 'the token is missing'],
    ['rocketchat://host/s3cret', 'the second token is missing'],
    ['zulip://s3cret@host', 'the key is missing'],
    ['telegram://1:s3cret@telegram', 'the chat is missing'],
    [
      'telegram://1:s3cret@telegram?chats=a&parsemode=s3cret',
      'parsemode is none of None, Markdown, HTML, MarkdownV2',
    ],
    ['ifttt://s3cret', 'the event is missing'],
    ['ifttt://s3cret?events=a&messagevalue=4', 'messagevalue is none of 1, 2, 3'],
    ['join://s3cret@join', 'the key is missing'],
    ['opsgenie://host/s3cret?responders=s3cret', 'a responder is none of team:name and user:name'],
    ['opsgenie://host/s3cret?details=s3cret', 'details are not a:b'],
    ['generic://host?template=s3cret', 'there is no template but json'],
    ['smtp://u:s3cret@host?to=b', 'from is missing'],
    ['smtp://u:s3cret@host?from=b', 'to is missing'],
    ['smtp://u:s3cret@host?from=a&to=b&auth=OAuth2', 'OAuth2 is not supported: use a password'],
    ['matrix://host', 'the password or token is missing'],
  ])('%s', (address, because) => {
    const refused = (): unknown => translate(address, 'x');
    expect(refused).toThrow(BadAddress);
    expect(refused).toThrow(because);
    expect(because).not.toContain('s3cret');
  });
});
