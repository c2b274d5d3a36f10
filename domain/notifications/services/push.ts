import { BadAddress, needed, type ServiceAddress } from './address.ts';
import { basicAuth, given, postForm, postJson, queryOf, type HttpCall } from './call.ts';

/** Push services and pagers, each as shoutrrr 0.8 speaks to it (pkg/services). */

/** Where shoutrrr signs with its own name. */
const TITLE = 'Lockkeeper';

/** `bark://:key@host/path`. */
export function bark(address: ServiceAddress, text: string): HttpCall[] {
  const scheme = address.one('scheme', 'https', 'http');
  const path = address.path.endsWith('/') ? address.path : `${address.path}/`;
  address.text('url');
  const body = {
    body: text,
    device_key: needed(address.password, 'the key of the device'),
    title: address.text('title'),
    badge: address.whole('badge', 0),
    ...given({
      sound: address.text('sound'),
      icon: address.text('icon'),
      group: address.text('group'),
      category: address.text('category'),
      copy: address.text('copy'),
    }),
  };
  return [postJson(`${scheme}://${address.host}${path}push`, body)];
}

/** `gotify://host[/path]/token`. */
export function gotify(address: ServiceAddress, text: string): HttpCall[] {
  const token = needed(address.segments.at(-1), 'the token');
  const path = address.segments.slice(0, -1).map((segment) => `/${segment}`);
  const scheme = address.flag('disabletls', false) ? 'http' : 'https';
  const url = `${scheme}://${address.host}${path.join('')}/message?${queryOf({ token })}`;
  const title = address.text('title') || TITLE;
  return [postJson(url, { message: text, title, priority: address.whole('priority', 0) })];
}

/** `ifttt://key/?events=one,two`; a call for each event. */
export function ifttt(address: ServiceAddress, text: string): HttpCall[] {
  const key = needed(address.hostname, 'the key');
  const place = address.whole('messagevalue', 2);
  if (place < 1 || place > 3) throw new BadAddress('messagevalue is none of 1, 2, 3');
  address.whole('titlevalue', 0);
  address.text('title');
  const values = {
    value1: address.text('value1'),
    value2: address.text('value2'),
    value3: address.text('value3'),
    [`value${place}`]: text,
  };
  const events = address.list('events');
  needed(events[0], 'the event');
  return events.map((event) =>
    postJson(`https://maker.ifttt.com/trigger/${event}/with/key/${key}`, values),
  );
}

/** `join://:key@join/?devices=a,b`. */
export function join(address: ServiceAddress, text: string): HttpCall[] {
  const query = queryOf({
    apikey: needed(address.password, 'the key'),
    deviceIds: needed(address.text('devices'), 'the device'),
    text,
    ...given({ title: address.text('title'), icon: address.text('icon') }),
  });
  const url = `https://joinjoaomgcd.appspot.com/_ah/api/messaging/v1/sendPush?${query}`;
  return [{ method: 'POST', url, headers: { 'content-type': 'text/plain' } }];
}

/** `ntfy://[user:password@]host/topic`; without a host ntfy.sh. */
export function ntfy(address: ServiceAddress, text: string): HttpCall[] {
  const scheme = address.one('scheme', 'https', 'http');
  const topic = needed(address.path.replace(/^\//, ''), 'the topic');
  const { user, password } = address;
  const headers = {
    priority: priorityOf(address),
    ...given({
      title: address.text('title'),
      tags: address.text('tags'),
      delay: address.text('delay', 'at', 'in'),
      actions: address.text('actions'),
      click: address.text('click'),
      attach: address.text('attach'),
      'x-icon': address.text('icon'),
      filename: address.text('filename'),
      email: address.text('email'),
    }),
    ...(address.flag('cache', true) ? {} : { cache: 'no' }),
    ...(address.flag('firebase', true) ? {} : { firebase: 'no' }),
    ...(password === undefined ? {} : basicAuth(user, password)),
  };
  const url = `${scheme}://${address.host || 'ntfy.sh'}/${topic}`;
  return [{ method: 'POST', url, headers, body: text }];
}

const PRIORITIES = ['Min', 'Low', 'Default', 'High', 'Max'] as const;

function priorityOf(address: ServiceAddress): string {
  const numbers = ['1', '2', '3', '4', '5', 'urgent'] as const;
  const written = address.one('priority', 'Default', ...PRIORITIES, ...numbers);
  if (written === 'urgent') return 'Max';
  return PRIORITIES[Number(written) - 1] ?? written;
}

/** Opsgenie takes no longer title. */
const LONGEST_TITLE = 130;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `opsgenie://host/key`. */
export function opsgenie(address: ServiceAddress, text: string): HttpCall[] {
  const written = address.text('title');
  const fits = written === '' && text.length <= LONGEST_TITLE;
  const note = address.text('description');
  const body = {
    message: written || text.slice(0, LONGEST_TITLE),
    ...given({
      description: fits ? note : [text, ...(note ? [note] : [])].join('\n'),
      alias: address.text('alias'),
      responders: address.list('responders').map(responder),
      visibleTo: address.list('visibleTo').map(responder),
      actions: address.list('actions'),
      tags: address.list('tags'),
      details: detailsOf(address.list('details')),
      entity: address.text('entity'),
      source: address.text('source'),
      priority: address.text('priority'),
      user: address.text('user'),
      note: address.text('note'),
    }),
  };
  const key = needed(address.path.replace(/^\//, ''), 'the key');
  const url = `https://${address.hostname}:${address.port || '443'}/v2/alerts`;
  return [postJson(url, body, { authorization: `GenieKey ${key}` })];
}

/** `team:name`, `user:name` or either with an id. */
function responder(written: string): object {
  const [type = '', name = '', more] = written.split(':');
  if (name === '' || more !== undefined || !['team', 'user'].includes(type)) {
    throw new BadAddress('a responder is none of team:name and user:name');
  }
  if (ID.test(name)) return { type, id: name };
  return type === 'team' ? { type, name } : { type, username: name };
}

function detailsOf(written: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    written.map((pair) => {
      const [key = '', value, more] = pair.split(':');
      if (value === undefined || more !== undefined) throw new BadAddress('details are not a:b');
      return [key, value];
    }),
  );
}

/** `pushbullet://token[/device][/mail][#channel]`; a call for each target, or one for all devices. */
export function pushbullet(address: ServiceAddress, text: string): HttpCall[] {
  const headers = { 'access-token': needed(address.hostname, 'the token') };
  const title = address.text('title');
  const channel = address.fragment === '' ? [] : [`#${address.fragment}`];
  const targets = [...address.segments, ...channel];
  return (targets.length > 0 ? targets : ['']).map((target) =>
    postJson(
      'https://api.pushbullet.com/v2/pushes',
      {
        type: 'note',
        title,
        body: text,
        email: '',
        channel_tag: '',
        device_iden: '',
        ...targetOf(target),
      },
      headers,
    ),
  );
}

function targetOf(target: string): object {
  if (target.includes('@')) return { email: target };
  return target.startsWith('#') ? { channel_tag: target.slice(1) } : { device_iden: target };
}

/** `pushover://:token@user/?devices=a,b`. */
export function pushover(address: ServiceAddress, text: string): HttpCall[] {
  const priority = address.whole('priority', 0);
  return [
    postForm('https://api.pushover.net/1/messages.json', {
      device: address.text('devices'),
      user: needed(address.host, 'the user'),
      token: needed(address.password, 'the token'),
      message: text,
      ...given({ title: address.text('title') }),
      ...(priority >= -2 && priority <= 1 ? { priority: String(priority) } : {}),
    }),
  ];
}
