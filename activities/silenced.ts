import type { Deps } from './deps.ts';
import { thisRun } from './ownership.ts';

/**
 * The steps of a rollout that the node's silences follow: created with the cordon, kept while it drains and reboots, ended when
 * it is handed back. They are begun here and never waited for.
 */
export type Silencing = 'begin' | 'keep' | 'end';

/** Often enough for the shortest silence, of a minute. */
const KEEP_EVERY_MS = 20_000;

/** Answers after which the node is no longer the rollout's; after the others it is still out of service. */
const HANDED_BACK: ReadonlySet<unknown> = new Set(['undone', 'restored', 'quarantined', 'gone']);

/** Does the work of an activity, and what it means for the silences of its node. */
export async function whileSilenced<Answer>(
  deps: Deps,
  { silences, asked }: { readonly silences: Silencing | undefined; readonly asked: unknown },
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (silences === undefined) return await work();
  const of = asked as UnderWay;
  const timer = silences === 'keep' ? setInterval(() => keep(deps, of), KEEP_EVERY_MS) : undefined;
  if (timer) keep(deps, of);
  try {
    const answer = await work();
    const { kind } = Object(answer) as { readonly kind?: unknown };
    if (silences === 'begin' && kind === 'cordoned') keep(deps, of);
    if (silences === 'end' && HANDED_BACK.has(kind)) {
      const { workflowId } = thisRun();
      deps.silences.end({ node: of.node, workflowId }, deps.policy.current());
    }
    return answer;
  } finally {
    clearInterval(timer);
  }
}

interface UnderWay {
  readonly node: string;
  readonly pool?: string;
  /** A node that is lost is something people have to hear of. */
  readonly lost?: boolean;
}

function keep({ silences, policy }: Deps, { node, pool, lost = false }: UnderWay): void {
  if (pool === undefined || lost) return;
  silences.keep({ node, workflowId: thisRun().workflowId }, policy.current(), pool);
}
