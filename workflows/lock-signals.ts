import type { PermitRequest, Release, Trouble } from '../domain/lock-state.ts';

/** What others send a lock, checked: a handler never throws, and what cannot be read changes nothing. */

type Fields = Partial<Record<string, unknown>>;

export function readRequest(sent: unknown): PermitRequest | undefined {
  const { workflowId, runId, node, holding, zone, overdueAtMs, last, anew } = fieldsOf(sent);
  if (!isText(workflowId) || !isRunId(runId) || !isText(node)) return undefined;
  return {
    workflowId,
    runId,
    node,
    ...(holding === true ? { holding } : {}),
    ...(isText(zone) ? { zone } : {}),
    ...(typeof overdueAtMs === 'number' ? { overdueAtMs } : {}),
    ...(last === true ? { last } : {}),
    ...(anew === true ? { anew } : {}),
  };
}

export function readRelease(sent: unknown): Release | undefined {
  const { workflowId, grantId, node, trouble, of, fine, tookMs } = fieldsOf(sent);
  if (!isText(workflowId) && !isText(node)) return undefined;
  return {
    ...(isText(workflowId) ? { workflowId } : {}),
    ...(isText(grantId) ? { grantId } : {}),
    ...(isText(node) ? { node } : {}),
    ...(isWords(trouble) ? { trouble: short(trouble) } : {}),
    ...(isText(of) ? { of } : {}),
    ...(fine === true ? { fine } : {}),
    ...(isLength(tookMs) ? { tookMs } : {}),
  };
}

export function readTrouble(sent: unknown, nowMs: number): Trouble | undefined {
  const { node, because } = fieldsOf(sent);
  if (!isText(node) || !isWords(because)) return undefined;
  return { node, because: short(because), sinceMs: nowMs };
}

function fieldsOf(sent: unknown): Fields {
  return typeof sent === 'object' && sent !== null ? sent : {};
}

/** Temporal takes ids of up to 1000 bytes; ours are far shorter. */
const isText = (field: unknown): field is string =>
  typeof field === 'string' && field !== '' && field.length <= 300;

/** The server refuses to signal anything else, and a lock that tries is stuck on that for ever. */
const isRunId = (field: unknown): field is string =>
  typeof field === 'string' &&
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(field);

/** What takes longer than a week says nothing of the next. */
const isLength = (field: unknown): field is number =>
  typeof field === 'number' && field > 0 && field <= 7 * 24 * 60 * 60_000;

const isWords = (field: unknown): field is string => typeof field === 'string' && field !== '';

/** The whole of it is in the history of the rollout; a lock carries it along for as long as its pool is halted. */
const short = (words: string): string => words.slice(0, 500);
