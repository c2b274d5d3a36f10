import { sayGate } from '../gates.ts';
import { shortList } from '../short-list.ts';
import type { RolloutStatus } from '../status.ts';

/** What a rollout waits for, in a line. */
export function formatWait({ phase, waitingFor, queue, paused }: RolloutStatus): string {
  if (paused) return `paused by ${paused.by}: ${paused.reason}`;
  if (waitingFor.length > 0) return waitingFor.map(sayGate).join('; ');
  if (queue) {
    const behind = queue.behind.length > 0 ? ` behind ${shortList(queue.behind)}` : '';
    const because = queue.because === undefined ? '' : `: ${queue.because}`;
    return `place ${queue.place} in the queue of its pool${behind}${because}`;
  }
  return `its rollout is ${phase.at}`;
}
