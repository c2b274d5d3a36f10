import { present } from '../present.ts';
import type { Silence } from './alertmanager-answer.ts';

/** The silence of our own for the alerts of one node: a lease, renewed while its rollout is under way. */

export interface SilenceRequest {
  readonly node: string;
  readonly workflowId: string;
  /** The label that names the node. */
  readonly label: string;
}

const CREATED_BY = 'lockkeeper';

const commentOf = ({ node, workflowId }: Pick<SilenceRequest, 'node' | 'workflowId'>): string =>
  `${workflowId}: node ${node} is rolled out`;

/** What is sent to create it, or to prolong the one that is there. */
export function silenceBody(
  asked: SilenceRequest,
  { known, nowMs, forMs }: { known: Silence | undefined; nowMs: number; forMs: number },
): object {
  const name = asked.node.replaceAll('.', '\\.');
  return {
    // An active silence may only be prolonged with the start it has.
    ...present({ id: known?.id }),
    startsAt: known?.startsAt ?? new Date(nowMs).toISOString(),
    endsAt: new Date(nowMs + forMs).toISOString(),
    createdBy: CREATED_BY,
    comment: commentOf(asked),
    matchers: [{ name: asked.label, value: `${name}(:[0-9]+)?`, isRegex: true, isEqual: true }],
  };
}

/** Those of ours for this rollout that are not over yet. */
export function silencesOf(
  silences: readonly Silence[],
  rollout: Pick<SilenceRequest, 'node' | 'workflowId'>,
): readonly Silence[] {
  return silences.filter(
    ({ createdBy, comment, status }) =>
      createdBy === CREATED_BY && comment === commentOf(rollout) && status.state !== 'expired',
  );
}
