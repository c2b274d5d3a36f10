import { adaptiveCard } from '../bodies.ts';
import { BadAddress, needed, ServiceAddress } from './address.ts';
import { postJson, type HttpCall } from './call.ts';
import * as chat from './chat.ts';
import { generic, genericTo } from './generic.ts';
import * as push from './push.ts';

/** What has to be done to tell the receiver at an address. */
export type Way =
  | { readonly kind: 'http'; readonly calls: readonly HttpCall[] }
  | { readonly kind: 'mail'; readonly mail: MailWay }
  | { readonly kind: 'matrix'; readonly matrix: MatrixWay }
  /** It is only to be logged. */
  | { readonly kind: 'log' };

export interface MailWay {
  readonly server: string;
  readonly port: number;
  /** whenOffered: as shoutrrr, also without encryption when the server has none. */
  readonly tls: 'whenOffered' | 'always' | 'never';
  readonly from: string;
  readonly to: readonly string[];
  readonly subject?: string;
  readonly login?: { readonly user: string; readonly password: string };
}

export interface MatrixWay {
  readonly server: string;
  /** Absent: the password is an access token. */
  readonly user?: string;
  readonly password: string;
  /** Aliases (#) and ids (!); none: every room that was joined. */
  readonly rooms: readonly string[];
}

type Service = (address: ServiceAddress, text: string) => HttpCall[];

/** The services of shoutrrr 0.8 (pkg/router/servicemap.go) that take one request. */
const SERVICES: Readonly<Partial<Record<string, Service>>> = {
  bark: push.bark,
  discord: chat.discord,
  generic,
  'generic+http': genericTo,
  'generic+https': genericTo,
  googlechat: chat.googleChat,
  gotify: push.gotify,
  hangouts: chat.googleChat,
  ifttt: push.ifttt,
  join: push.join,
  mattermost: chat.mattermost,
  ntfy: push.ntfy,
  opsgenie: push.opsgenie,
  pushbullet: push.pushbullet,
  pushover: push.pushover,
  rocketchat: chat.rocketChat,
  slack: chat.slack,
  teams: chat.teams,
  telegram: chat.telegram,
  zulip: chat.zulip,
};

/** Keys are whatever the receiver wants. */
const ANY_KEYS = /^generic/;

/**
 * How to tell `text` to the receiver at this address: one that kured's notify-url takes, or the plain address of a webhook.
 * Throws BadAddress, in words without any of the address.
 */
export function translate(written: string, text: string): Way {
  // kured takes addresses in quotes, which YAML and shells leave behind.
  const bare = written.trim().replace(/^(["'])(.*)\1$/s, '$2');
  const address = new ServiceAddress(bare);
  const { service } = address;
  if (service === 'https' || service === 'http') return plain(new URL(bare), text);
  if (service === 'logger') return { kind: 'log' };
  if (service === 'smtp') return checked(address, { kind: 'mail', mail: mail(address) });
  if (service === 'matrix') return checked(address, { kind: 'matrix', matrix: matrix(address) });
  const calls = SERVICES[service]?.(address, text);
  if (!calls) throw new BadAddress('it names no service that is known');
  return ANY_KEYS.test(service)
    ? { kind: 'http', calls }
    : checked(address, { kind: 'http', calls });
}

function checked(address: ServiceAddress, way: Way): Way {
  address.done();
  return way;
}

const DISCORD = /^(discord|discordapp)\.com$/;
/** Workflows and Power Automate; Logic Apps of people's own take what Slack takes. */
const TEAMS = /\.(webhook\.office\.com|api\.powerplatform\.com)$/;

/** A plain address: most webhooks of chats take what Slack takes. */
function plain(url: URL, text: string): Way {
  const body = DISCORD.test(url.hostname)
    ? { content: text, username: 'lockkeeper' }
    : TEAMS.test(url.hostname)
      ? adaptiveCard(text, [])
      : { text, username: 'lockkeeper' };
  return { kind: 'http', calls: [postJson(url.href, body)] };
}

/** `smtp://[user:password@]host[:port]/?from=…&to=…`. */
function mail(address: ServiceAddress): MailWay {
  const port = Number(address.port || '25');
  // What is known and means nothing here.
  for (const known of ['fromname', 'usehtml', 'clienthost']) address.text(known);
  const subject = address.text('subject', 'title');
  const to = address.list('toaddresses', 'to');
  needed(to[0], 'to');
  return {
    server: needed(address.hostname, 'the server'),
    port,
    tls: mailTls(address, port),
    from: mailAddress(needed(address.text('fromaddress', 'from'), 'from')),
    to: to.map(mailAddress),
    ...(subject === '' ? {} : { subject }),
    ...mailLogin(address),
  };
}

function mailTls(address: ServiceAddress, port: number): MailWay['tls'] {
  const encryption = address.one('encryption', 'Auto', 'None', 'ExplicitTLS', 'ImplicitTLS');
  const starts = address.flag('usestarttls', true) && address.flag('starttls', true);
  if (encryption === 'ImplicitTLS' || (encryption === 'Auto' && port === 465)) return 'always';
  return starts ? 'whenOffered' : 'never';
}

function mailLogin(address: ServiceAddress): Pick<MailWay, 'login'> {
  const auth = address.one('auth', 'Unknown', 'None', 'Plain', 'CRAMMD5', 'OAuth2');
  if (auth === 'OAuth2') throw new BadAddress('OAuth2 is not supported: use a password');
  const { user, password = '' } = address;
  return user === '' || auth === 'None' ? {} : { login: { user, password } };
}

/** A plus sign in an address is read as a space. */
const mailAddress = (text: string): string => text.replaceAll(' ', '+');

/** `matrix://user:password@host/?rooms=a,b`; without a user the password is an access token. */
function matrix(address: ServiceAddress): MatrixWay {
  const scheme = address.flag('disabletls', false) ? 'http' : 'https';
  address.text('title');
  const rooms = address
    .list('rooms', 'room')
    .map((room) => (/^[#!]/.test(room) ? room : `#${room}`));
  return {
    server: `${scheme}://${needed(address.host, 'the server')}`,
    password: needed(address.password, 'the password or token'),
    rooms,
    ...(address.user === '' ? {} : { user: address.user }),
  };
}
