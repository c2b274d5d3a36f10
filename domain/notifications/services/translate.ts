import { adaptiveCard } from '../bodies.ts';
import type { Markup } from '../markup.ts';
import { BadAddress, readAddress, type Values } from './address.ts';
import { postJson, queryString, type HttpCall } from './call.ts';
import { genericCall } from './generic.ts';
import { listOf } from './own-fields.ts';
import { SERVICES, type Fields, type Service } from './services.ts';
import {
  mailTransport,
  matrixTransport,
  type MailTransport,
  type MatrixTransport,
} from './transports.ts';

/** How a message reaches the receiver at an address. */
export type Transport =
  | { readonly kind: 'http'; readonly calls: readonly HttpCall[] }
  | { readonly kind: 'mail'; readonly mail: MailTransport }
  | { readonly kind: 'matrix'; readonly matrix: MatrixTransport }
  /** It is only to be logged. */
  | { readonly kind: 'log' };

/** The services that show what they are sent as it is. */
const AS_IT_IS =
  /^(logger|smtp|matrix|generic(\+https?)?|bark|gotify|ifttt|join|ntfy|opsgenie|pushbullet|pushover):/;

/** Slack itself, and nobody else who takes what Slack takes: those read Markdown, or markup of their own. */
const SLACK = /^(slack:|https:\/\/hooks\.slack(-gov)?\.com\/)/;

/** How the receiver at this address reads what it is sent. */
export function markupAt(written: string): Markup {
  const bare = written.trim().replace(/^["']/, '');
  if (AS_IT_IS.test(bare)) return 'none';
  return SLACK.test(bare) ? 'slack' : 'chat';
}

/**
 * How `text` reaches the receiver at this address: one that kured's notify-url takes, or the plain address of a webhook.
 * Throws BadAddress, in words without any of the address.
 */
export function translate(written: string, text: string): Transport {
  // kured takes addresses in quotes, which YAML and shells leave behind.
  const bare = written.trim().replace(/^(["'])(.*)\1$/s, '$2');
  if (!URL.canParse(bare)) throw new BadAddress('it is not an address');
  const url = new URL(bare);
  switch (url.protocol) {
    case 'logger:':
      return { kind: 'log' };
    case 'smtp:': {
      const mail = readAddress(
        url,
        '[user:password@]server?from/fromAddress&to/toAddresses',
        mailTransport,
      );
      return { kind: 'mail', mail };
    }
    case 'matrix:':
      return { kind: 'matrix', matrix: readAddress(url, '[user]:password@host', matrixTransport) };
    case 'http:':
    case 'https:':
      return { kind: 'http', calls: [postJson(url.href, webhookBody(url.hostname, text))] };
    case 'generic:':
    case 'generic+http:':
    case 'generic+https:':
      return { kind: 'http', calls: [genericCall(url, text)] };
    default:
      return { kind: 'http', calls: callsOf(url, text) };
  }
}

const isDiscord = (host: string): boolean => /^(discord|discordapp)\.com$/.test(host);
/** Workflows and Power Automate; Logic Apps of people's own take what Slack takes. */
const isTeams = (host: string): boolean =>
  /\.(webhook\.office\.com|api\.powerplatform\.com)$/.test(host);

/** Most webhooks of chats take what Slack takes. */
function webhookBody(host: string, text: string): object {
  if (isDiscord(host)) return { content: text, username: 'lockkeeper' };
  return isTeams(host) ? adaptiveCard(text, []) : { text, username: 'lockkeeper' };
}

function callsOf(url: URL, text: string): HttpCall[] {
  const scheme = url.protocol.slice(0, -1);
  const service = Object.hasOwn(SERVICES, scheme) ? SERVICES[scheme] : undefined;
  if (!service) throw new BadAddress('it names no service that is known');
  return readAddress(url, service.address, (read) => {
    const value: Values = (spec) => (spec === 'text' ? text : read(spec));
    service.ignored?.split(' ').forEach(value);
    return (service.values?.(value) ?? [{}]).map((made: Readonly<Record<string, string>>) =>
      callOf(service, (spec) => made[spec] ?? value(spec)),
    );
  });
}

function callOf(service: Service, value: Values): HttpCall {
  const search = queryString(filled(service.query, value));
  const address = service.url.replaceAll(/\{(.+?)\}/g, (_, spec: string) => value(spec));
  const { type, body } = bodyOf(service, value);
  return {
    method: 'POST',
    url: `${address}${search && `?${search}`}`,
    headers: { ...(type && { 'content-type': type }), ...filled(service.headers, value) },
    ...(body !== undefined && { body }),
  };
}

function bodyOf({ plain, form, json }: Service, value: Values): { type?: string; body?: string } {
  const text = plain?.(value);
  const fields = filled(form ?? json, value);
  if (form) return { type: 'application/x-www-form-urlencoded', body: queryString(fields) };
  if (json) return { type: 'application/json', body: text ?? JSON.stringify(fields) };
  return text === undefined ? {} : { body: text };
}

const FIELD = /(?:([\w-]+):)?((\w+)[\w/]*([=#]?)[^\s?,]*)([?,]?)/g;

/** The fields with their values, without those that have none. */
function filled(fields: Fields | readonly Fields[] = [], value: Values): Record<string, string> {
  const inWords = (words: string): [string, unknown][] =>
    [...words.matchAll(FIELD)].map(([, field, spec = '', name = '', kind, end]) => {
      const text = value(spec);
      const found = kind === '#' ? Number(text) : end === ',' ? listOf(text) : text;
      return [field ?? name, end && text === '' ? undefined : found];
    });
  const all = [fields]
    .flat()
    .flatMap((part) => (typeof part === 'string' ? inWords(part) : Object.entries(part(value))));
  return Object.fromEntries(all.filter(([, found]) => found !== undefined));
}
