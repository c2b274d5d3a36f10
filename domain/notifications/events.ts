/** The events that people are notified of, and what is known of each. Without zod: workflows import it. */

/** A closed list; the names are those of the policy, of history, of bodies and of logs. */
export const EVENTS = [
  'waiting',
  'overdue',
  'draining',
  'blocked',
  'rebooting',
  'returned',
  'undone',
  'failed',
  'lost',
  'halted',
  'windowOpened',
  'windowClosed',
  'pausedTooLong',
  'quiet',
  'policyRefused',
] as const;

export type NoticeEvent = (typeof EVENTS)[number];

/** One event that people are notified of; plain JSON, for it stands in history. */
export interface Notice {
  /** The same for the same event, however often it is sent. */
  readonly id: string;
  readonly event: NoticeEvent;
  readonly atMs: number;
  readonly node?: string;
  readonly pool?: string;
  /** The reason, in words for people. */
  readonly because?: string;
  /** Since when it has been so. */
  readonly sinceMs?: number;
  /** The workflow that rolls the node. */
  readonly rollout?: string;
}

/** What a template may name as `{{fact}}`, and what a webhook gets. */
export const FACTS = [
  'event',
  'at',
  'node',
  'pool',
  'because',
  'since',
  'lasting',
  'rollout',
] as const;

export type Fact = (typeof FACTS)[number];

interface EventInfo {
  /** Who does what when, in a sentence for people. */
  readonly meaning: string;
  /** What is known of it, beside `event` and `at`. */
  readonly facts: readonly Fact[];
  /** The message where the policy has no template; kured's own words where kured has any. */
  readonly text: string;
}

const ROLLOUT: readonly Fact[] = ['node', 'pool', 'rollout'];
const REASON: readonly Fact[] = [...ROLLOUT, 'because'];
const WAIT: readonly Fact[] = ['node', 'pool', 'because', 'since', 'lasting'];

export const EVENT_INFO: Readonly<Record<NoticeEvent, EventInfo>> = {
  waiting: {
    meaning: "a node has waited for its reboot for longer than its pool's `waitingAfter`",
    facts: WAIT,
    text: 'Node {{node}} has waited {{lasting}} for its reboot: {{because}}',
  },
  overdue: {
    meaning: "a node has waited for its reboot for longer than its pool's `overdueAfter`",
    facts: WAIT,
    text: 'Node {{node}} is overdue: it has waited {{lasting}} for its reboot: {{because}}',
  },
  draining: {
    meaning: 'a node was cordoned, and its pods are evicted',
    facts: ROLLOUT,
    text: 'Draining node {{node}}',
  },
  blocked: {
    meaning: "something has been in the way of a drain for longer than the pool's `blockedAfter`",
    facts: [...REASON, 'since', 'lasting'],
    text: 'The drain of node {{node}} has been blocked for {{lasting}}: {{because}}',
  },
  rebooting: {
    meaning: 'a node was found empty, and its reboot is ordered',
    facts: ROLLOUT,
    text: 'Rebooting node {{node}}',
  },
  returned: {
    meaning: 'a node is back in another boot, and handed back',
    facts: REASON,
    text: 'Node {{node}} rebooted & uncordoned successfully!',
  },
  undone: {
    meaning: 'a node was handed back without a reboot, because a gate closed or a person aborted',
    facts: REASON,
    text: 'Node {{node}} was handed back without a reboot: {{because}}',
  },
  failed: {
    meaning: 'a rollout failed, or its node still wants a reboot after the reboot',
    facts: REASON,
    text: 'The rollout of node {{node}} failed: {{because}}',
  },
  lost: {
    meaning: "a node is not back within its pool's `returnWithin`",
    facts: REASON,
    text: 'Node {{node}} has not come back after its reboot: {{because}}',
  },
  halted: {
    meaning: 'a pool takes out no further node, because too many failed or are lost',
    facts: ['pool', 'because'],
    text: 'Pool {{pool}} is halted: {{because}}',
  },
  windowOpened: {
    meaning: 'a person has opened the window of a pool',
    facts: ['pool', 'because'],
    text: 'The window of pool {{pool}} is {{because}}',
  },
  windowClosed: {
    meaning: 'a person has closed such a window before its end',
    facts: ['pool', 'because'],
    text: 'The window of pool {{pool}} is {{because}}',
  },
  pausedTooLong: {
    meaning:
      'a rollout has been paused for 12 hours without an end, and again after each further 12',
    facts: REASON,
    text: 'The rollout of node {{node}} is still paused: {{because}}',
  },
  quiet: {
    meaning:
      "no node of a pool has asked for a reboot for the pool's `quietAfter`, and again after as long",
    facts: ['pool', 'because', 'since', 'lasting'],
    text: 'No node of pool {{pool}} has asked for a reboot for {{lasting}} ({{because}}): are updates installed at all?',
  },
  policyRefused: {
    meaning: 'the policy file was changed to something that cannot be; the last good one stays',
    facts: ['because'],
    text: 'The policy was refused, and the last good one stays in force: {{because}}',
  },
};

/** What a template of this event may name. */
export const factsOf = (event: NoticeEvent): readonly Fact[] => [
  'event',
  'at',
  ...EVENT_INFO[event].facts,
];
