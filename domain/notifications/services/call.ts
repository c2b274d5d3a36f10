/** One HTTP request, with all its secrets in it. */
export interface HttpCall {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Posts JSON; what is empty or absent is left out, as shoutrrr does. */
export function postJson(url: string, body: object, headers: HttpCall['headers'] = {}): HttpCall {
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

export function postForm(url: string, fields: Readonly<Record<string, string>>): HttpCall {
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: queryOf(fields),
  };
}

/** Sorted by key. */
export function queryOf(fields: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return new URLSearchParams(pairs).toString();
}

/** The fields that say something. */
export function given<T extends Readonly<Record<string, string | readonly unknown[] | object>>>(
  fields: T,
): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) =>
      typeof value === 'string' || Array.isArray(value)
        ? value.length > 0
        : Object.keys(value).length > 0,
    ),
  ) as Partial<T>;
}

export function basicAuth(user: string, password: string): { authorization: string } {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}
