import { log } from '@temporalio/activity';
import {
  admissionRules,
  admit,
  type Admission,
  type AdmissionQuestion,
  type Candidate,
} from '../domain/admission.ts';
import type { LastReturn, Permit } from '../domain/lock-state.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import type { PoolPolicy } from '../domain/policy.ts';
import { present } from '../domain/present.ts';
import { troublesOf, type Trouble } from '../domain/trouble.ts';
import type { Deps } from './deps.ts';
import { notYet } from './failure.ts';
import { thisRun } from './ownership.ts';
import { knownPool, withPolicyNow, type Followed } from './pool.ts';

/** Who waits, with the run that has asked. */
interface Asking extends Candidate {
  readonly runId: string;
}

export interface PoolQuestion {
  readonly pool: string;
  /** The first of those who wait, in order; none: nobody is admitted. */
  readonly candidates: readonly Asking[];
  readonly permits: readonly Permit[];
  readonly lastReturn?: LastReturn;
  /** The run of the lock that knows what a former one has granted to be settled; absent: none does. */
  readonly settled?: string;
  /** Why nobody was admitted at the last count. */
  readonly known?: string;
}

/** Who is admitted, with the run that is to hear of it: after a reset that is not the one that asked. */
export type Admitted = Followed &
  (
    | (Extract<Admission, { kind: 'grant' }> & {
        readonly runId: string;
        readonly countedAtMs: number;
      })
    | Exclude<Admission, { kind: 'grant' }>
    /** It waits no more: it has ended, or has its node already. */
    | { readonly kind: 'gone'; readonly workflowId: string }
  );

/** What is new, permits by their grant ids. */
export interface PoolAnswer {
  /** As in the question. */
  readonly settled?: string;
  /** Their Nodes show the record of their rollout. */
  readonly used: readonly string[];
  /** No open run counts on them, which was not known. */
  readonly ended: readonly string[];
  /** Ended so long ago that nothing comes of them any more. */
  readonly lapsed: readonly string[];
  readonly admission?: Admitted;
  /** What halts the pool, or would with more of it; absent where the nodes were not listed. */
  readonly troubles?: readonly Trouble[];
}

/**
 * How long something that a lost run or a lost lock has set off may still reach the API server: the longest wait for an
 * answer there, the heartbeat after which a given-up attempt hears of it, and a margin. Until then what is counted is not final.
 */
const SETTLED_AFTER_MS = 45_000;
/** Permits are used within seconds: from then on it is asked what has become of one. */
const PERMIT_ASKED_AFTER_MS = 15_000;
/** A run that ends with neither `used` nor `passed` is noticed within this. */
const PERMITS_ASKED_EVERY_MS = 20_000;

/**
 * Counts the live cluster and answers once there is something new: somebody to admit, what has become of a permit, or another
 * reason why nobody is admitted. While nothing changes it is tried again with the reason as its message. Unknown is never room.
 */
export async function admitNext(source: Deps, asked: PoolQuestion): Promise<PoolAnswer> {
  const deps = withPolicyNow(source);
  const { runId } = thisRun();
  const unsettled = await whyUnsettled(deps, asked, runId);
  if (unsettled) return answer(deps, asked, { ...NOTHING, admission: unsettled });
  const found = await count(deps, asked);
  return answer(deps, asked, { ...found, settled: runId });
}

const NOTHING = { used: [], ended: [], lapsed: [] } as const;

async function count(deps: Deps, asked: PoolQuestion): Promise<PoolAnswer> {
  const nowMs = Date.now();
  const pool = knownPool(deps, asked.pool);
  // Waited for rather than failed: the lock must outlive a policy that is being edited.
  if (!pool) {
    const because = `pool ${asked.pool} is not in the policy`;
    return { ...NOTHING, admission: { kind: 'wait', because } };
  }
  if (isJustGiven(asked, nowMs)) return NOTHING;
  const nodes = await deps.nodes.list(pool.nodes);
  const troubles = troublesOf(nodes, { reboot: pool.reboot, nowMs });
  const became = await becomeOfPermits(deps, { permits: asked.permits, nodes, nowMs });
  // Who has a permit is settled first; then it is counted again.
  if (hasChanged(became) || asked.candidates.length === 0) return { ...became, troubles };
  const late = asked.candidates.find((candidate) => isOut(candidate, nodes));
  if (late) {
    return { ...NOTHING, admission: { kind: 'gone', workflowId: late.workflowId }, troubles };
  }
  const admission = admit(await question(deps, pool, { asked, nodes, troubles, nowMs }));
  if (admission.kind !== 'grant') return { ...NOTHING, admission, troubles };
  const { workflowId } = admission;
  const runId = await deps.temporal.openRun(workflowId);
  if (runId === undefined) return { ...NOTHING, admission: { kind: 'gone', workflowId } };
  return { ...NOTHING, admission: { ...admission, runId, countedAtMs: nowMs }, troubles };
}

/** The answer if it is news; else the failure that has it tried again. */
function answer(deps: Deps, asked: PoolQuestion, found: PoolAnswer): PoolAnswer {
  const { admission } = found;
  const waits = waitOf(admission);
  if (!isNews(found, asked)) {
    const names = asked.permits.map(({ node }) => node).join(', ');
    const because = waits?.because ?? `permits not yet used: ${names}`;
    throw notYet('no-room', because, pauseMs(deps, asked, waits));
  }
  if (waits) log.info('lock waits', { pool: asked.pool, because: waits.because });
  return admission ? { ...found, admission: { ...admission, policy: deps.policy.hash } } : found;
}

type Waits = Extract<Admitted, { kind: 'wait' | 'halted' }>;

const waitOf = (admission: Admitted | undefined): Waits | undefined =>
  admission?.kind === 'wait' || admission?.kind === 'halted' ? admission : undefined;

function isNews(found: PoolAnswer, { known }: PoolQuestion): boolean {
  const { admission } = found;
  const waits = waitOf(admission);
  return hasChanged(found) || (admission !== undefined && !waits) || waits?.because !== known;
}

const hasChanged = ({ used, ended, lapsed }: Became): boolean =>
  used.length + ended.length + lapsed.length > 0;

function pauseMs(
  { pollAgainMs }: Deps,
  { permits }: PoolQuestion,
  waits: Waits | undefined,
): number {
  const usualMs = permits.length > 0 ? Math.min(pollAgainMs, PERMITS_ASKED_EVERY_MS) : pollAgainMs;
  if (waits?.kind !== 'wait' || waits.againAtMs === undefined) return usualMs;
  return Math.max(1_000, Math.min(usualMs, waits.againAtMs - Date.now()));
}

/** A lock that takes the place of one that was ended or reset gives its first permit when whatever that one granted is seen. */
async function whyUnsettled(
  { temporal }: Deps,
  { pool, settled }: PoolQuestion,
  runId: string,
): Promise<Extract<Admission, { kind: 'wait' }> | undefined> {
  if (settled === runId) return undefined;
  const endedMs = await temporal.formerLockEndedAt(pool, runId);
  if (endedMs === undefined || Date.now() - endedMs >= SETTLED_AFTER_MS) return undefined;
  const againAtMs = endedMs + SETTLED_AFTER_MS;
  const because = `what a former lock of pool ${pool} may have granted settles until ${new Date(againAtMs).toISOString()}`;
  return { kind: 'wait', because, againAtMs };
}

/** Nobody waits, and who has a permit is about to say that it is used: there is no use in counting meanwhile. */
const isJustGiven = ({ candidates, permits }: PoolQuestion, nowMs: number): boolean =>
  candidates.length === 0 &&
  permits.every(({ sinceMs }) => nowMs >= sinceMs && nowMs - sinceMs < PERMIT_ASKED_AFTER_MS);

/** A request may arrive when its rollout has been admitted and has its node already: it waits for nothing. */
function isOut({ node, workflowId, runId }: Asking, nodes: readonly NodeFacts[]): boolean {
  const record = nodes.find(({ name }) => name === node)?.rollout;
  return (
    record?.ok === true && record.value.workflowId === workflowId && record.value.runId === runId
  );
}

type Became = Pick<PoolAnswer, 'used' | 'ended' | 'lapsed'>;

/** What has become of the permits: a Node with the record of the rollout has used its own; one that no run counts on lapses. */
async function becomeOfPermits(
  { temporal }: Deps,
  {
    permits,
    nodes,
    nowMs,
  }: { permits: readonly Permit[]; nodes: readonly NodeFacts[]; nowMs: number },
): Promise<Became> {
  const used: string[] = [];
  const ended: string[] = [];
  const lapsed: string[] = [];
  for (const permit of permits) {
    const { grantId, workflowId, endedMs, sinceMs } = permit;
    const node = nodes.find(({ name }) => name === permit.node);
    if (node?.rollout?.ok && node.rollout.value.workflowId === workflowId) used.push(grantId);
    else if (endedMs !== undefined) {
      if (nowMs - endedMs >= SETTLED_AFTER_MS) lapsed.push(grantId);
    } else if (nowMs - sinceMs >= PERMIT_ASKED_AFTER_MS) {
      if (!(await temporal.countsOnPermit(workflowId, grantId))) ended.push(grantId);
    }
  }
  return { used, ended, lapsed };
}

async function question(
  deps: Deps,
  pool: PoolPolicy,
  {
    asked,
    ...counted
  }: { asked: PoolQuestion } & Pick<AdmissionQuestion, 'nodes' | 'troubles' | 'nowMs'>,
): Promise<AdmissionQuestion> {
  const { candidates, permits, lastReturn } = asked;
  return {
    rules: admissionRules(pool, deps.policy.current().awayTaints),
    ...counted,
    before: await nodesOf(deps, pool.after),
    candidates,
    permits,
    ...present({ lastReturn }),
  };
}

async function nodesOf(deps: Deps, names: readonly string[]): Promise<AdmissionQuestion['before']> {
  const pools = deps.policy.current().pools.filter(({ name }) => names.includes(name));
  return await Promise.all(
    pools.map(async ({ name, nodes }) => ({ pool: name, nodes: await deps.nodes.list(nodes) })),
  );
}
