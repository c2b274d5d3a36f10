import { BadAddress, isYes } from './address.ts';
import { queryString, type HttpCall } from './call.ts';

/** Keys that are for the sender; with two underscores before them they are for the receiver. */
const SETTING = /^(contenttype|disabletls|messagekey|method|template|title|titlekey)$/;

/**
 * The request of `generic://host/path?…`: keys are settings, `@name` is a header, `$name` a field, the rest goes to the receiver.
 * `generic+https://host/path?…` has no settings, as in shoutrrr.
 */
export function genericCall(url: URL, text: string): HttpCall {
  const hasSettings = url.protocol === 'generic:';
  const isSetting = (key: string): boolean => hasSettings && SETTING.test(key);
  const query = [...url.searchParams];
  const setting = new Map(query.filter(([key]) => isSetting(key)));
  const others = query.filter(([key]) => !isSetting(key));
  const named = (sign: string) =>
    others.filter(([key]) => key.startsWith(sign)).map(([key, value]) => [key.slice(1), value]);
  const passedOn = others
    .filter(([key]) => !/^[@$]/.test(key))
    .map(([key, value]) => [isSetting(key.slice(2)) ? key.replace(/^__/, '') : key, value]);
  const isPlain = hasSettings ? isYes(setting.get('disabletls')) : url.protocol === 'generic+http:';
  const search = passedOn.length > 0 ? `?${queryString(Object.fromEntries(passedOn))}` : '';
  const type = setting.get('contenttype') ?? 'application/json';
  const headers = named('@').map(([name = '', value]) => [headerName(name), value]);
  const message = setting.get('messagekey') ?? 'message';
  return {
    method: setting.get('method') ?? 'POST',
    url: `http${isPlain ? '' : 's'}://${url.host}${url.pathname}${search}`,
    headers: { 'content-type': type, accept: type, ...Object.fromEntries(headers) },
    body: bodyOf(setting.get('template'), text, {
      [message]: text,
      ...Object.fromEntries(named('$')),
    }),
  };
}

function bodyOf(template: string | undefined, text: string, fields: object): string {
  if (!template) return text;
  if (/^(json|JSON)$/.test(template)) return JSON.stringify(fields);
  throw new BadAddress('there is no template but json');
}

/** `userAgent` is the header user-agent. */
const headerName = (name: string): string =>
  name.replaceAll(/(?<=[^-])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
