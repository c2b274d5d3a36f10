import type { CordonQuestion, Cordoned } from './cordon.ts';
import type { Deps } from './deps.ts';
import { thisRun } from './ours.ts';

/**
 * The steps of a rollout that the node's silences follow: created with the cordon, kept while it drains and reboots, ended when
 * it is handed back. They are begun here and never waited for.
 */

/** A lease of a minute is still renewed in time. */
const KEEP_EVERY_MS = 20_000;

export async function silencedFromCordon(
  deps: Deps,
  asked: CordonQuestion,
  cordon: (deps: Deps, asked: CordonQuestion) => Promise<Cordoned>,
): Promise<Cordoned> {
  const cordoned = await cordon(deps, asked);
  if (cordoned.kind === 'cordoned') keep(deps, asked);
  return cordoned;
}

interface UnderWay {
  readonly node: string;
  readonly pool?: string;
  /** A node that is lost is something people have to hear of. */
  readonly lost?: boolean;
}

export async function silencedMeanwhile<Asked extends UnderWay, Answer>(
  deps: Deps,
  asked: Asked,
  work: (deps: Deps, asked: Asked) => Promise<Answer>,
): Promise<Answer> {
  keep(deps, asked);
  const timer = setInterval(() => keep(deps, asked), KEEP_EVERY_MS);
  try {
    return await work(deps, asked);
  } finally {
    clearInterval(timer);
  }
}

/** The other answers leave the node as it is: out of service. */
const HANDED_BACK: ReadonlySet<string> = new Set(['undone', 'restored', 'quarantined', 'gone']);

export async function silencedNoMore<
  Asked extends { readonly node: string },
  Answer extends { readonly kind: string },
>(
  deps: Deps,
  asked: Asked,
  handBack: (deps: Deps, asked: Asked) => Promise<Answer>,
): Promise<Answer> {
  const answer = await handBack(deps, asked);
  if (HANDED_BACK.has(answer.kind)) {
    const { workflowId } = thisRun();
    deps.silences.end({ node: asked.node, workflowId }, deps.policy.current());
  }
  return answer;
}

function keep({ silences, policy }: Deps, { node, pool, lost = false }: UnderWay): void {
  if (pool === undefined || lost) return;
  silences.keep({ node, workflowId: thisRun().workflowId }, policy.current(), pool);
}
