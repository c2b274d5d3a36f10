import { BadAddress, needed, type ServiceAddress } from './address.ts';
import { basicAuth, given, postForm, postJson, type HttpCall } from './call.ts';

/** Chats, each as shoutrrr 0.8 speaks to it (pkg/services). */

const linesOf = (text: string): string[] => text.split('\n');

/** An icon is an address or the name of an emoji. */
function iconOf(address: ServiceAddress): { icon_url: string } | { icon_emoji: string } {
  const icon = address.text('icon', 'icon_emoji', 'icon_url');
  return /https?:\/\//.test(icon) ? { icon_url: icon } : { icon_emoji: icon };
}

const SLACK_TOKEN =
  /^(?:(xox.|hook)[-:])?([A-Z0-9]{9,})[-/,]([A-Z0-9]{9,})[-/,]([A-Za-z0-9]{24,})$/;
/** Slack takes no more attachments. */
const MOST_ATTACHMENTS = 100;

/** `slack://[name@]A/B/C`, `slack://hook:A-B-C@webhook` or `slack://xoxb:A-B-C@channel`. */
export function slack(address: ServiceAddress, text: string): HttpCall[] {
  const legacy = address.path.length > 1;
  const { user, password } = address;
  const written = legacy
    ? `${address.hostname}${address.path}`
    : `${user}${password === undefined ? '' : `:${password}`}`;
  const [, kind = 'hook', a, b, c] = SLACK_TOKEN.exec(written) ?? [];
  if (a === undefined) throw new BadAddress('its token is none of Slack');
  const color = address.text('color');
  const body = {
    text: address.text('title'),
    attachments: attachments(text).map((line) => ({ text: line, ...given({ color }) })),
    ...given({
      username: address.text('botname', 'username') || (legacy ? user : ''),
      thread_ts: address.text('thread_ts'),
      ...iconOf(address),
    }),
  };
  if (kind === 'hook') return [postJson(`https://hooks.slack.com/services/${a}/${b}/${c}`, body)];
  return [
    postJson(
      'https://slack.com/api/chat.postMessage',
      { ...body, ...given({ channel: address.hostname }) },
      { authorization: `Bearer ${kind}-${a}-${b}-${c}` },
    ),
  ];
}

function attachments(text: string): string[] {
  const lines = linesOf(text);
  const rest = lines.slice(MOST_ATTACHMENTS - 1).join('\n');
  const shown = [...lines.slice(0, MOST_ATTACHMENTS - 1), rest];
  return shown.at(-1) === '' ? shown.slice(0, -1) : shown;
}

/** Discord takes no more in one embed, and no more embeds in one message. */
const DISCORD = { length: 2_000, embeds: 10, cut: ' [...]' } as const;

/** `discord://token@id`; with the path `/raw` the text is the whole body. */
export function discord(address: ServiceAddress, text: string): HttpCall[] {
  const id = needed(address.host, 'the id of the webhook');
  const url = `https://discord.com/api/webhooks/${id}/${needed(address.user, 'the token')}`;
  const raw = address.flag('json', false) || address.path === '/raw';
  const texts = address.flag('splitlines', true) ? linesOf(text) : [text];
  const color = address.whole('color', 0x50d9ff);
  // Colours by severity mean nothing here; they are only known.
  for (const level of ['Error', 'Warn', 'Info', 'Debug']) address.text(`color${level}`);
  const [first, ...others] = texts
    .filter((line) => line !== '')
    .slice(0, DISCORD.embeds)
    .map((line) => ({ description: shortened(line), ...(color === 0 ? {} : { color }) }));
  const body = {
    embeds: [{ ...given({ title: address.text('title') }), ...first }, ...others],
    ...given({
      username: address.text('username'),
      avatar_url: address.text('avatar', 'avatarurl'),
    }),
  };
  return raw ? [{ ...postJson(url, {}), body: text }] : [postJson(url, body)];
}

function shortened(line: string): string {
  const letters = Array.from(line);
  if (letters.length <= DISCORD.length) return line;
  return letters.slice(0, DISCORD.length - DISCORD.cut.length).join('') + DISCORD.cut;
}

const OLD_TEAMS = 'outlook.office.com';

/** `teams://group@tenant/id/owner?host=`: the old connectors, which take message cards only. */
export function teams(address: ServiceAddress, text: string): HttpCall[] {
  const host = address.text('host') || OLD_TEAMS;
  const [id, owner] = address.segments;
  const group = needed(address.user, 'the group');
  const tenant = needed(address.hostname, 'the tenant');
  const start = host === OLD_TEAMS ? 'webhook' : 'webhookb2';
  const end = `${needed(id, 'the id')}/${needed(owner, 'the owner')}`;
  const title = address.text('title');
  const lines = linesOf(text);
  const body = {
    '@type': 'MessageCard',
    '@context': 'http://schema.org/extensions',
    markdown: true,
    summary: title || (lines[0] ?? '').slice(0, 21),
    sections: lines.map((line) => ({ ...given({ text: line }), startGroup: false })),
    ...given({ title, themeColor: address.text('color') }),
  };
  return [postJson(`https://${host}/${start}/${group}@${tenant}/IncomingWebhook/${end}`, body)];
}

/** `googlechat://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…`. */
export function googleChat(address: ServiceAddress, text: string): HttpCall[] {
  const key = encodeURIComponent(needed(address.text('key'), 'the key'));
  const token = encodeURIComponent(needed(address.text('token'), 'the token'));
  return [postJson(`https://${address.host}${address.path}?key=${key}&token=${token}`, { text })];
}

/** `mattermost://[name@]host/token[/channel]`. */
export function mattermost(address: ServiceAddress, text: string): HttpCall[] {
  const [token, channel = ''] = address.segments;
  address.text('title');
  const url = `https://${address.host}/hooks/${needed(token, 'the token')}`;
  const fields = given({ username: address.user, channel, ...iconOf(address) });
  return [postJson(url, { text, ...fields })];
}

/** `rocketchat://[name@]host/tokenA/tokenB[/channel]`, also with a # before the channel. */
export function rocketChat(address: ServiceAddress, text: string): HttpCall[] {
  const [first, second, place = address.fragment] = address.segments;
  const tokens = `${needed(first, 'the first token')}/${needed(second, 'the second token')}`;
  const channel = place === '' || place.startsWith('@') ? place : `#${place}`;
  const fields = given({ username: address.user, channel });
  return [postJson(`https://${address.host}/hooks/${tokens}`, { text, ...fields })];
}

/** `zulip://mail:key@host/?stream=…&topic=…`. */
export function zulip(address: ServiceAddress, text: string): HttpCall[] {
  const login = basicAuth(needed(address.user, 'the mail'), needed(address.password, 'the key'));
  const { headers, ...call } = postForm(`https://${address.host}/api/v1/messages`, {
    type: 'stream',
    to: address.text('stream'),
    content: text,
    ...given({ topic: address.text('topic', 'title') }),
  });
  return [{ ...call, headers: { ...headers, ...login } }];
}

/** `telegram://token@telegram?chats=@channel,chat[:thread]`; a call for each chat. */
export function telegram(address: ServiceAddress, text: string): HttpCall[] {
  const secret = needed(address.password, 'the token');
  const url = `https://api.telegram.org/bot${needed(address.user, 'the token')}:${secret}/sendMessage`;
  const mode = address.one('parsemode', 'None', 'Markdown', 'HTML', 'MarkdownV2');
  const title = address.text('title');
  const options = {
    disable_web_page_preview: !address.flag('preview', true),
    disable_notification: !address.flag('notification', true),
    reply_to_message_id: 0,
    ...telegramText(text, { mode, title }),
  };
  const chats = address.list('chats', 'channels');
  needed(chats[0], 'the chat');
  return chats.map((chat) => {
    const [id = '', thread = ''] = chat.split(':');
    const place = /^-?\d+$/.test(thread) ? { message_thread_id: Number(thread) } : {};
    return postJson(url, { chat_id: id, ...place, ...options });
  });
}

/** Titles are written in HTML, and so is the text then. */
function telegramText(text: string, { mode, title }: { mode: string; title: string }) {
  if (mode === 'None' && title === '') return { text };
  if (mode !== 'None' && mode !== 'HTML') return { text, parse_mode: mode };
  const body = mode === 'HTML' ? text : escaped(text);
  return { text: `<b>${escaped(title)}</b>\n${body}`, parse_mode: 'HTML' };
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => HTML[sign] ?? '');
