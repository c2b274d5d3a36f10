/** The address cannot be used; the message never repeats any of it, for all of it may be secret. */
export class BadAddress extends Error {}

/**
 * Gives a part of an address or a key of its query, which is named whatever its case: `title`, or `title/subject` where it has
 * two names. `host=a.b` is a.b where it is empty, `scheme=https|http` one of these, `badge#0` a whole number, and `json!no` yes
 * or no, as `yes` or empty.
 */
export type Values = (spec: string) => string;

/**
 * Reads an address whose parts the format names, `user:password@host/segment?key`: what is in brackets may be missing, `*`
 * takes all other segments. Throws BadAddress for what is missing or unreadable, and for keys that were not read: a typo would
 * go unnoticed.
 */
export function readAddress<T>(url: URL, format: string, read: (value: Values) => T): T {
  const [parts = '', required = ''] = format.split('?');
  const known = partsOf(url, parts.replaceAll(/[[\]]/g, ''));
  const asked = new Set<string>();
  const value: Values = (spec) => {
    const [, names, kind, usual] = SPEC.exec(spec) as unknown as [string, string, string, string];
    const part = known.get(names);
    if (part !== undefined) return part || usual;
    for (const name of names.split('/')) asked.add(name);
    return readKey(kind, queryOf(url, names), usual, names.replace(/\/.*/, ''));
  };
  const needed = parts.replaceAll(/\[.*?\]/g, '').match(/\w+/g) ?? [];
  const missing = [...needed, ...required.split('&')].find(
    (name) => name && /^,*$/.test(value(name)),
  );
  if (missing !== undefined) {
    const name = missing.replace(/\/.*/, '');
    throw new BadAddress(`${name} is missing, as in ${url.protocol}//${format}`);
  }
  const result = read(value);
  const all = [...asked];
  if ([...url.searchParams.keys()].every((key) => isOneOf(all, key))) return result;
  throw new BadAddress(`it has a key that is not known; it may have ${all.join(', ') || 'none'}`);
}

const SPEC = /^([\w/]+)([=#!]?)(.*)$/;

const isOneOf = (names: readonly string[], key: string): boolean =>
  names.some((name) => name.toLowerCase() === key.toLowerCase());

const queryOf = ({ searchParams }: URL, names: string): string | undefined =>
  [...searchParams].find(([key]) => isOneOf(names.split('/'), key))?.[1];

function partsOf(url: URL, format: string): Map<string, string> {
  const [, user = '', password = '', host = '', path = ''] =
    /^(?:(\w*):?(\w*)@)?(\w*)(.*)/.exec(format) ?? [];
  const names = path.split('/').slice(1);
  const segments = decoded(url.pathname).split('/').filter(Boolean);
  const star = names.findIndex((name) => name.endsWith('*'));
  if (star !== -1) {
    const several = segments.slice(star, Math.max(star, segments.length - names.length + star + 1));
    segments.splice(star, several.length, several.map((segment) => `/${segment}`).join(''));
  }
  return new Map([
    ['port', url.port],
    ['hostname', decoded(url.hostname)],
    ['fragment', decoded(url.hash.slice(1))],
    [user, decoded(url.username)],
    [password, decoded(url.password)],
    [host, decoded(url.host)],
    ...names.map((name, at) => [name.replace('*', ''), segments[at] ?? ''] as const),
  ]);
}

function readKey(kind: string, written: string | undefined, usual: string, name: string): string {
  const text = written ?? usual;
  if (kind === '#') {
    // Also as 0x… or #….
    const number = Number(text.replace(/^#/, '0x'));
    if (text !== '' && Number.isSafeInteger(number)) return String(number);
    throw new BadAddress(`${name} is not a whole number`);
  }
  if (kind === '!') {
    if (isYes(text)) return 'yes';
    if (/^(false|0|no|n)$/i.test(text)) return '';
    throw new BadAddress(`${name} is not yes or no`);
  }
  return usual.includes('|') ? oneOf(usual.split('|'), written, name) : text || usual;
}

function oneOf(words: readonly string[], written: string | undefined, name: string): string {
  const word = words.find((one) => written === undefined || isOneOf([one], written));
  if (word !== undefined) return word;
  throw new BadAddress(`${name} is not one of ${words.join(', ')}`);
}

/** Whether a word of an address means yes. */
export const isYes = (text = ''): boolean => /^(true|1|yes|y)$/i.test(text);

/** A percent sign that encodes nothing is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
