import { BadAddress, type ServiceAddress } from './address.ts';
import { queryOf, type HttpCall } from './call.ts';

/** Keys that are for the sender; with two underscores before them they are for the receiver. */
const OWN = ['contenttype', 'disabletls', 'messagekey', 'method', 'template', 'title', 'titlekey'];

/** `generic://host/path?…`: keys are settings, `@name` is a header, `$name` a field, the rest goes to the receiver. */
export function generic(address: ServiceAddress, text: string): HttpCall[] {
  const settings = new Map(address.query.filter(([key]) => OWN.includes(key)));
  const rest = address.query
    .filter(([key]) => !OWN.includes(key))
    .map(([key, value]) => [OWN.includes(key.slice(2)) ? key.replace(/^__/, '') : key, value]);
  const plain = /^(true|1|yes|y)$/i.test(settings.get('disabletls') ?? '');
  return [request(address, { text, settings, rest: rest as [string, string][], plain })];
}

/** `generic+https://host/path?…`: no settings, as shoutrrr has it. */
export function genericTo(address: ServiceAddress, text: string): HttpCall[] {
  const plain = address.service === 'generic+http';
  return [request(address, { text, settings: new Map(), rest: address.query, plain })];
}

interface Wanted {
  readonly text: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly rest: readonly [string, string][];
  readonly plain: boolean;
}

function request(address: ServiceAddress, { text, settings, rest, plain }: Wanted): HttpCall {
  const starting = (sign: string) =>
    rest.filter(([key]) => key.startsWith(sign)).map(([key, value]) => [key.slice(1), value]);
  const query = queryOf(Object.fromEntries(rest.filter(([key]) => !/^[@$]/.test(key))));
  const type = settings.get('contenttype') ?? 'application/json';
  const message = { [settings.get('messagekey') ?? 'message']: text };
  return {
    method: settings.get('method') ?? 'POST',
    url: `http${plain ? '' : 's'}://${address.host}${address.path}${query === '' ? '' : `?${query}`}`,
    headers: {
      'content-type': type,
      accept: type,
      ...Object.fromEntries(starting('@').map(([name = '', value]) => [headerName(name), value])),
    },
    body: bodyOf(settings.get('template') ?? '', text, {
      ...message,
      ...Object.fromEntries(starting('$')),
    }),
  };
}

function bodyOf(template: string, text: string, fields: object): string {
  if (template === '') return text;
  if (/^(json|JSON)$/.test(template)) return JSON.stringify(fields);
  throw new BadAddress('there is no template but json');
}

/** `userAgent` is the header user-agent. */
const headerName = (name: string): string =>
  name.replaceAll(/(?<=[^-])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
