import { words } from './outside.ts';
import type { RolloutInput } from './rollout-input.ts';

/**
 * What the Web UI and `temporal workflow describe` show beside a workflow, an activity or a timer. Workflows load this file, so
 * it knows no schema.
 */

/** The Web UI shows no more on its timeline, so that whatever counts comes first. */
const LONGEST = 100;

/** One line about an activity, a timer or a workflow. */
export const summary = (text: string): string => words(text, LONGEST);

interface Introduction {
  readonly staticSummary: string;
  /** Markdown. */
  readonly staticDetails: string;
}

const SAID = 'By signal or update, each with `{"reason": …, "by": …}`:';

/** What a rollout is, and what it can be told: for whoever starts one. */
export function introduceRollout({ node, reason }: RolloutInput): Introduction {
  return {
    staticSummary: summary(`reboot ${node}${reason === undefined ? '' : `: ${reason}`}`),
    staticDetails: [
      'Waits until its gates are open and it is its turn, empties the node, has it rebooted and brings it back.',
      `${SAID} \`pause\` and \`resume\`; \`abort\`, which hands the node back; \`retry\`, which looks again now; \`skipGate\`, which also takes \`"gate"\`.`,
    ].join('\n\n'),
  };
}

/** What the lock of a pool is, and what it can be told. */
export function introduceLock(pool: string): Introduction {
  return {
    staticSummary: summary(`the lock of pool ${pool}`),
    staticDetails: [
      'Gives the nodes of its pool their turn, after counting who is out of service. It never ends.',
      `${SAID} \`pause\` admits nobody until \`resume\`; \`resume\` also ends a halt; \`recheck\` counts again now.`,
    ].join('\n\n'),
  };
}

/** What tells people about a node, a pool or the policy. */
export function introduceNotifier(about: string): Introduction {
  return {
    staticSummary: summary(`tells people about ${about}`),
    staticDetails:
      'Tells each receiver of the policy what has happened, in order, and tries for 24 hours. It ends by itself.',
  };
}

/** The look over the whole fleet. */
export const SCAN: Introduction = {
  staticSummary: 'looks the fleet over for nodes that want a reboot',
  staticDetails:
    'Starts a rollout for each node that wants a reboot or was left behind. Its schedule starts it again and again; to begin nothing new, pause the schedule.',
};
