import { BadAddress, type Values } from './address.ts';
import { basicAuth } from './call.ts';

/** What the requests of single services have of their own, each as shoutrrr 0.8 makes it. */

type Made = Readonly<Record<string, string>>;

/** What stands between commas. */
export const listOf = (text: string): string[] => text.split(',').filter(Boolean);

const linesOf = (text: string): string[] => text.split('\n');

/** Logs in, where there is a password. */
export const login = (user: string, password: string) => (value: Values) =>
  value(password) ? basicAuth(value(user), value(password)) : {};

/** An icon is an address or the name of an emoji. */
export function icon(value: Values): object {
  const written = value('icon/icon_emoji/icon_url') || undefined;
  return /https?:\/\//.test(written ?? '') ? { icon_url: written } : { icon_emoji: written };
}

/** An embed for each line; Discord takes no more than ten, and no more than 2000 letters in one. */
export function discordEmbeds(value: Values): object {
  const color = Number(value('color#0x50d9ff')) || undefined;
  const [first, ...others] = (value('splitLines!yes') ? linesOf(value('text')) : [value('text')])
    .filter(Boolean)
    .slice(0, 10)
    .map((line) => Array.from(line))
    .map((letters) => (letters.length > 2_000 ? [...letters.slice(0, 1_994), ' [...]'] : letters))
    .map((letters) => ({ description: letters.join(''), color }));
  return { embeds: [{ title: value('title') || undefined, ...first }, ...others] };
}

/** The text stands in one of three values. */
export const iftttValues = (value: Values): Made[] =>
  listOf(value('events')).map((event) => ({
    event,
    [`value${value('messageValue=2|1|3')}`]: value('text'),
  }));

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Opsgenie takes a title of no more than 130 letters; a longer text stands in the description. */
export function opsgenie(value: Values): object {
  const [text, title] = [value('text'), value('title') || value('text').slice(0, 130)];
  const rest = value('title') === '' && title === text ? '' : text;
  const details = listOf(value('details')).map((pair) => pair.split(':'));
  if (details.some((pair) => pair.length !== 2)) throw new BadAddress('details are not a:b');
  const responders = (key: string) => {
    const all = listOf(value(key)).map(responder);
    return all.length > 0 ? all : undefined;
  };
  return {
    message: title,
    description: [rest, value('description')].filter(Boolean).join('\n') || undefined,
    responders: responders('responders'),
    visibleTo: responders('visibleTo'),
    details: details.length > 0 ? Object.fromEntries(details) : undefined,
  };
}

/** `team:name`, `user:name` or either with an id. */
function responder(written: string): object {
  const [, type = '', name = ''] = /^(team|user):([^:]+)$/.exec(written) ?? [];
  if (!type) throw new BadAddress('a responder is none of team:name and user:name');
  return { type, [UUID.test(name) ? 'id' : type === 'team' ? 'name' : 'username']: name };
}

/** A device, a mail address or a channel each; all devices where none is named. */
export function pushbulletTargets(value: Values): Made[] {
  const channel = value('fragment') && `#${value('fragment')}`;
  const named = [...value('targets').split('/'), channel].filter(Boolean);
  const none = { email: '', channel_tag: '', device_iden: '' };
  return (named.length > 0 ? named : ['']).map((target) => {
    if (target.includes('@')) return { ...none, email: target };
    if (target.startsWith('#')) return { ...none, channel_tag: target.slice(1) };
    return { ...none, device_iden: target };
  });
}

/** The channel stands in the path, or behind a # that makes it the fragment. */
export const rocketChatChannel = (value: Values): Made[] => [
  { channel: (value('channel') || value('fragment')).replace(/^(?=[^@])/, '#') },
];

const SLACK_TOKEN =
  /^(?:(xox.|hook)[-:])?([A-Z0-9]{9,})[-/,]([A-Z0-9]{9,})[-/,]([A-Za-z0-9]{24,})$/;

/** `[name@]A/B/C` and `hook:A-B-C@webhook` are the address of a webhook, `xoxb:A-B-C@channel` lets a bot into the API. */
export function slackToken(value: Values): Made[] {
  const [host, user, password, path] = ['host', 'user', 'password', 'path'].map(value) as [
    string,
    string,
    string,
    string,
  ];
  const written = path ? `${host}${path}` : `${user}${password && `:${password}`}`;
  const [, kind = 'hook', a, b, c] = SLACK_TOKEN.exec(written) ?? [];
  if (a === undefined) throw new BadAddress('its token is none of Slack');
  const username = value('botname/username') || (path && user);
  if (kind === 'hook') {
    const url = `https://hooks.slack.com/services/${a}/${b}/${c}`;
    return [{ username, url, authorization: '', channel: '' }];
  }
  const authorization = `Bearer ${kind}-${a}-${b}-${c}`;
  return [
    { username, url: 'https://slack.com/api/chat.postMessage', authorization, channel: host },
  ];
}

/** One for each line; Slack takes no more than a hundred. */
export function slackAttachments(value: Values): object {
  const lines = linesOf(value('text'));
  const shown = [...lines.slice(0, 99), lines.slice(99).join('\n')];
  if (shown.at(-1) === '') shown.pop();
  return { attachments: shown.map((text) => ({ text, color: value('color') || undefined })) };
}

const OLD_TEAMS = 'outlook.office.com';

export function teamsWebhook(value: Values): Made[] {
  const host = value(`host=${OLD_TEAMS}`);
  return [{ host, webhook: host === OLD_TEAMS ? 'webhook' : 'webhookb2' }];
}

export function teamsCard(value: Values): object {
  const lines = linesOf(value('text'));
  return {
    '@type': 'MessageCard',
    '@context': 'http://schema.org/extensions',
    markdown: true,
    summary: value('title') || lines[0]?.slice(0, 21),
    sections: lines.map((text) => ({ text: text || undefined, startGroup: false })),
  };
}

/** `@channel`, or an id that a thread may follow after a colon. */
export const telegramChats = (value: Values): Made[] =>
  listOf(value('chats/channels')).map((written) => {
    const [chat_id = '', thread = ''] = written.split(':');
    return { chat_id, thread, ...telegramText(value) };
  });

/** Titles are written in HTML, and so is the text then. */
function telegramText(value: Values): Made {
  const mode = value('parseMode=None|Markdown|HTML|MarkdownV2');
  const [text, title] = [value('text'), value('title')];
  if (mode === 'None' && title === '') return { text, parse_mode: '' };
  if (mode !== 'None' && mode !== 'HTML') return { text, parse_mode: mode };
  const body = mode === 'HTML' ? text : escaped(text);
  return { text: `<b>${escaped(title)}</b>\n${body}`, parse_mode: 'HTML' };
}

const HTML = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (sign) => HTML[sign as keyof typeof HTML]);

export const telegramOptions = (value: Values): object => ({
  message_thread_id: /^-?\d+$/.test(value('thread')) ? Number(value('thread')) : undefined,
  disable_web_page_preview: !value('preview!yes'),
  disable_notification: !value('notification!yes'),
  reply_to_message_id: 0,
});
