/** The address cannot be used; the message never repeats any of it, for all of it may be secret. */
export class BadAddress extends Error {}

/**
 * An address as shoutrrr writes them: `service://user:password@host/path?key=value`. Keys are found whatever their case, as
 * there; every key has to be asked for, or the address is refused, because a typo would go unnoticed.
 */
export class ServiceAddress {
  readonly service: string;
  readonly user: string;
  readonly password: string | undefined;
  /** With its port, if it has one. */
  readonly host: string;
  readonly hostname: string;
  readonly port: string;
  /** Decoded; begins with a slash unless it is empty. */
  readonly path: string;
  /** What follows a `#`; empty when there is none. */
  readonly fragment: string;
  private readonly url: URL;
  private readonly asked = new Set<string>();

  constructor(text: string) {
    if (!URL.canParse(text)) throw new BadAddress('it is not an address');
    this.url = new URL(text);
    this.service = this.url.protocol.replace(':', '');
    this.user = decoded(this.url.username);
    this.password = this.url.password === '' ? undefined : decoded(this.url.password);
    this.host = decoded(this.url.host);
    this.hostname = decoded(this.url.hostname);
    this.port = this.url.port;
    this.path = decoded(this.url.pathname);
    this.fragment = decoded(this.url.hash.replace('#', ''));
  }

  /** What stands between the slashes of the path. */
  get segments(): string[] {
    return this.path.split('/').filter((segment) => segment !== '');
  }

  /** The query, in order. */
  get query(): [string, string][] {
    return [...this.url.searchParams];
  }

  /** The value of the first of these names that is there; empty when none is. */
  text(...names: readonly string[]): string {
    return this.find(names) ?? '';
  }

  list(...names: readonly string[]): string[] {
    const text = this.text(...names);
    return text === '' ? [] : text.split(',');
  }

  flag(name: string, otherwise: boolean): boolean {
    const text = this.find([name]) ?? (otherwise ? 'yes' : 'no');
    if (/^(true|1|yes|y)$/i.test(text)) return true;
    if (/^(false|0|no|n)$/i.test(text)) return false;
    throw new BadAddress(`${name} is neither yes nor no`);
  }

  /** A number, also as 0x… or #…. */
  whole(name: string, otherwise: number): number {
    const text = this.find([name]) ?? String(otherwise);
    const number = Number(text.replace(/^#/, '0x'));
    if (text !== '' && Number.isSafeInteger(number)) return number;
    throw new BadAddress(`${name} is not a whole number`);
  }

  one<T extends string>(name: string, ...known: readonly [T, ...T[]]): T {
    const text = this.find([name]) ?? known[0];
    const found = known.find((word) => word.toLowerCase() === text.toLowerCase());
    if (found !== undefined) return found;
    throw new BadAddress(`${name} is none of ${known.filter(Boolean).join(', ')}`);
  }

  /** Refuses keys that nobody has asked for. */
  done(): void {
    const left = this.query.filter(([key]) => !this.asked.has(key.toLowerCase()));
    if (left.length === 0) return;
    const known = [...this.asked].toSorted().join(', ') || 'none';
    throw new BadAddress(`it has a key that ${this.service} does not know; it knows ${known}`);
  }

  private find(names: readonly string[]): string | undefined {
    for (const name of names) this.asked.add(name.toLowerCase());
    return this.query.find(([key]) =>
      names.some((name) => name.toLowerCase() === key.toLowerCase()),
    )?.[1];
  }
}

/** A percent sign that encodes nothing is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The text, or why it may not be missing. */
export function needed(text: string | undefined, what: string): string {
  if (text === undefined || text === '') throw new BadAddress(`${what} is missing`);
  return text;
}
