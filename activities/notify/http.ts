import { basicAuth, type HttpCall } from '../../domain/notifications/services/call.ts';
import { NotSent, notSent } from './not-sent.ts';

/** A receiver that takes longer is tried again; it must not keep the worker from its work. */
const WITHIN_MS = 10_000;
/** What a receiver says to a notice is short. */
const MOST_BYTES = 16_384;
const LONGEST_PAUSE_MS = 60 * 60_000;

/**
 * Does one call and returns what was answered. Rejects with NotSent unless it was accepted. Redirections are not followed:
 * a secret is meant for one server only.
 */
export async function carryOut(call: HttpCall): Promise<string> {
  const { url, headers } = withoutLogin(call);
  const response = await fetch(url, {
    method: call.method,
    headers: { 'user-agent': 'lockkeeper', ...headers },
    redirect: 'manual',
    signal: AbortSignal.timeout(WITHIN_MS),
    ...(call.body === undefined ? {} : { body: call.body }),
  }).catch((error: unknown) => {
    throw notSent(error);
  });
  const text = await beginningOf(response).catch(() => '');
  if (response.ok && !saysNo(text)) return text;
  const words = plainWords(text);
  throw new NotSent(`it answers ${response.status}${words}`, pauseOf(response));
}

/** fetch takes no user and password in an address. */
function withoutLogin({ url: written, headers }: HttpCall): Pick<HttpCall, 'url' | 'headers'> {
  const url = new URL(written);
  const { username, password } = url;
  if (username === '' && password === '') return { url: written, headers };
  url.username = '';
  url.password = '';
  const login = basicAuth(decodeURIComponent(username), decodeURIComponent(password));
  return { url: url.href, headers: { ...login, ...headers } };
}

async function beginningOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk as Uint8Array);
    bytes += chunks.at(-1)?.length ?? 0;
    if (bytes > MOST_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Some say no with a status of 200, as the API of Slack does. */
function saysNo(text: string): boolean {
  return /^\s*\{/.test(text) && /"ok"\s*:\s*false/.test(text);
}

/** What a receiver says about a refusal, if it is nothing but a few words: `no_service`, `invalid_token`. */
function plainWords(text: string): string {
  const said = /"(?:error|description|message)"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? text.trim();
  return /^[A-Za-z_]+([ ,.:]+[A-Za-z_]+){0,9}[.]?$/.test(said) && said.length <= 80
    ? `: ${said}`
    : '';
}

function pauseOf({ headers }: Response): number | undefined {
  const said = headers.get('retry-after');
  if (said === null) return undefined;
  const ms = /^\d+$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 1_000), LONGEST_PAUSE_MS);
}
