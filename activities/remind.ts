import { log } from '@temporalio/activity';
import type { Deps } from './deps.ts';
import { notify } from './notify/answers.ts';

/** Reminds people, on the node's Events, of something that waits for them; `because` says who, why and since when. */
export async function remind(
  deps: Deps,
  { node, pool, because }: { node: string; pool?: string; because: string },
): Promise<void> {
  await deps.nodes.announce(node, { type: 'Warning', reason: 'StillPaused', message: because });
  log.warn('still paused', { node, because });
  await notify(deps, { event: 'pausedTooLong', node, pool, because });
}
