import { podName, type PodFacts, type PodWarning } from './pod-verdict.ts';
import { shortList } from './short-list.ts';

const WORDS: Record<PodWarning | 'comes-back', string> = {
  'nothing-recreates-it': 'nothing will recreate',
  'loses-empty-dir': 'emptyDir data is lost of',
  'tolerates-cordon': 'tolerating the cordon, may be scheduled here again:',
  'comes-back': 'put back here after each eviction, and left for the reboot:',
};

/** One line per cause, in a fixed order, naming the pods: `nothing will recreate a/b, c/d and 3 more`. */
export function warningLines(
  warned: readonly {
    readonly pod: PodFacts;
    readonly warnings: readonly (PodWarning | 'comes-back')[];
  }[],
): string[] {
  return (Object.keys(WORDS) as (keyof typeof WORDS)[]).flatMap((cause) => {
    const names = warned
      .filter(({ warnings }) => warnings.includes(cause))
      .map(({ pod }) => podName(pod));
    return names.length === 0 ? [] : [`${WORDS[cause]} ${shortList(names)}`];
  });
}
