/** What a rollout has done to a node, as the reason of an Event on it. */
export type EventReason =
  | 'Draining'
  | 'Rebooting'
  | 'Returned'
  | 'Undone'
  | 'Quarantined'
  | 'LeftAsItIs'
  | 'Lost'
  | 'StillPaused';
