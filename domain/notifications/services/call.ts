/** One HTTP request, with all its secrets in it. */
export interface HttpCall {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A POST of JSON; what is undefined is left out. */
export function postJson(url: string, body: object, headers: HttpCall['headers'] = {}): HttpCall {
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** The fields in a query or form, sorted by key. */
export function queryString(fields: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(fields);
  query.sort();
  return query.toString();
}

/** The header that logs in with a user and a password. */
export function basicAuth(user: string, password: string): { authorization: string } {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}
