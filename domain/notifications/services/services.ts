import type { Values } from './address.ts';
import * as own from './own-fields.ts';

/**
 * Fields in words, each the value of that name: `title`, or `body:text` where the field has another name; a whole number stays
 * one. After it `?` leaves out what is empty, and `,` makes a list. A function makes what words cannot.
 */
export type Fields = string | ((value: Values) => object);

/** How the addresses of a service are written, and the POST that one of them means. */
export interface Service {
  /** A format as readAddress takes it; the text of the message is the value `text`. */
  readonly address: string;
  /** Values that are made out of these; one request for each. */
  readonly values?: (value: Values) => readonly Readonly<Record<string, string>>[];
  /** Keys that are known and mean nothing here. */
  readonly ignored?: string;
  readonly url: string;
  readonly query?: Fields;
  readonly headers?: readonly Fields[];
  /** The body is the first of these that is there. */
  readonly plain?: (value: Values) => string | undefined;
  readonly form?: readonly Fields[];
  readonly json?: readonly Fields[];
}

const GOOGLE_CHAT: Service = {
  address: 'host/path*?key&token',
  url: 'https://{host}{path}',
  query: 'key token',
  json: ['text'],
};

/** The services of shoutrrr 0.8 (pkg/router/servicemap.go) that are one kind of POST each, by the scheme of their addresses. */
export const SERVICES: Readonly<Record<string, Service>> = {
  bark: {
    address: ':key@host[/path*]',
    ignored: 'url',
    url: '{scheme=https|http}://{host}{path}/push',
    json: ['body:text device_key:key title badge#0 sound? icon? group? category? copy?'],
  },
  discord: {
    address: 'token@id[/raw]',
    ignored: 'colorError colorWarn colorInfo colorDebug',
    url: 'https://discord.com/api/webhooks/{id}/{token}',
    plain: (value) => (value('json!no') || value('raw') === 'raw' ? value('text') : undefined),
    json: [own.discordEmbeds, 'username? avatar_url:avatar/avatarURL?'],
  },
  googlechat: GOOGLE_CHAT,
  gotify: {
    address: 'host[/path*]/token',
    values: (value) => [{ scheme: value('disableTLS!no') ? 'http' : 'https' }],
    url: '{scheme}://{host}{path}/message',
    query: 'token',
    json: ['message:text title=Lockkeeper priority#0'],
  },
  hangouts: GOOGLE_CHAT,
  ifttt: {
    address: 'key?events',
    ignored: 'title titleValue value1 value2 value3',
    values: own.iftttValues,
    url: 'https://maker.ifttt.com/trigger/{event}/with/key/{key}',
    json: ['value1 value2 value3'],
  },
  join: {
    address: ':key@join?devices',
    url: 'https://joinjoaomgcd.appspot.com/_ah/api/messaging/v1/sendPush',
    query: 'apikey:key deviceIds:devices text title? icon?',
    headers: [() => ({ 'content-type': 'text/plain' })],
  },
  mattermost: {
    address: '[user@]host/token[/channel]',
    ignored: 'title',
    url: 'https://{host}/hooks/{token}',
    json: ['text username:user? channel?', own.icon],
  },
  ntfy: {
    address: '[user:password@host]/topic',
    url: '{scheme=https|http}://{host=ntfy.sh}/{topic}',
    headers: [
      'priority=Default|Min|Low|High|Max|1|2|3|4|5|urgent title? tags? delay/at/in? actions? click?',
      'attach? x-icon:icon? filename? email?',
      (value) => (value('cache!yes') ? {} : { cache: 'no' }),
      (value) => (value('firebase!yes') ? {} : { firebase: 'no' }),
      own.login('user', 'password'),
    ],
    plain: (value) => value('text'),
  },
  opsgenie: {
    address: 'host/key',
    url: 'https://{host}/v2/alerts',
    headers: [(value) => ({ authorization: `GenieKey ${value('key')}` })],
    json: ['actions, tags, alias? entity? source? priority? user? note?', own.opsgenie],
  },
  pushbullet: {
    address: 'token[/targets*]',
    values: own.pushbulletTargets,
    url: 'https://api.pushbullet.com/v2/pushes',
    headers: ['access-token:token'],
    json: [() => ({ type: 'note' }), 'title body:text email channel_tag device_iden'],
  },
  pushover: {
    address: ':token@user',
    url: 'https://api.pushover.net/1/messages.json',
    form: [
      'device:devices user token message:text title?',
      (value) => ({ priority: /^(-[12]|[01])$/.exec(value('priority#0'))?.[0] }),
    ],
  },
  rocketchat: {
    address: '[user@]host/tokenA/tokenB[/channel]',
    values: own.rocketChatChannel,
    url: 'https://{host}/hooks/{tokenA}/{tokenB}',
    json: ['text username:user? channel?'],
  },
  slack: {
    address: '[user:password@]host[/path*]',
    values: own.slackToken,
    url: '{url}',
    headers: ['authorization?'],
    json: ['text:title username? thread_ts? channel?', own.slackAttachments, own.icon],
  },
  /** The old connectors, which take message cards only. */
  teams: {
    address: 'group@tenant/id/owner',
    values: own.teamsWebhook,
    url: 'https://{host}/{webhook}/{group}@{tenant}/IncomingWebhook/{id}/{owner}',
    json: [own.teamsCard, 'title? themeColor:color?'],
  },
  telegram: {
    address: 'bot:token@telegram?chats/channels',
    values: own.telegramChats,
    url: 'https://api.telegram.org/bot{bot}:{token}/sendMessage',
    json: ['chat_id text parse_mode?', own.telegramOptions],
  },
  zulip: {
    address: 'mail:key@host',
    url: 'https://{host}/api/v1/messages',
    headers: [own.login('mail', 'key')],
    form: [() => ({ type: 'stream' }), 'to:stream content:text topic/title?'],
  },
};
