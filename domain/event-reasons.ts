/** What a rollout has done to a node, as the reason of an Event on it. */
export const EVENT_REASONS = [
  'Draining',
  'Rebooting',
  'Returned',
  'Undone',
  'Quarantined',
  'LeftAsItIs',
  'Lost',
  'StillPaused',
] as const;

export type EventReason = (typeof EVENT_REASONS)[number];
