import type { HttpCall } from '../../domain/notifications/services/call.ts';
import { ask, type HttpAnswer, type HttpRequest } from '../http.ts';
import type { Revealed } from '../secrets.ts';
import { NotSent } from './not-sent.ts';

/** A receiver that takes longer is tried again; it must not keep the worker from its work. */
const WITHIN_MS = 10_000;
/** What a receiver says to a notice is short. */
const MOST_BYTES = 16_384;
const LONGEST_PAUSE_MS = 60 * 60_000;

/** Does one call and returns what was answered. Rejects with NotSent or NoAnswer unless it was accepted. */
export type CarryOut = (call: HttpCall) => Promise<string>;

/** How the calls of one message are done: by certificates of their own, and with nothing said of what was revealed for it. */
export function carrier(revealed: Revealed, way: Pick<HttpRequest, 'tls' | 'signal'>): CarryOut {
  return async (call) => {
    const limits = { deadlineMs: WITHIN_MS, mostBytes: MOST_BYTES, cut: true } as const;
    const answer = await ask({ ...way, ...call, ...limits }, revealed);
    const { status, text } = answer;
    if (status >= 200 && status < 300 && !saysNo(text)) return text;
    throw new NotSent(`it answers ${status}${plainWords(text)}`, pauseOf(answer));
  };
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

function pauseOf({ headers: { 'retry-after': said } }: HttpAnswer): number | undefined {
  if (said === undefined) return undefined;
  const ms = /^\d+$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 1_000), LONGEST_PAUSE_MS);
}
