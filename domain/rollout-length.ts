/** The parts of a pool's policy that say how long a rollout may take, in milliseconds. */
export interface Lengths {
  /** What people have seen their rollouts take; goes before the sum of all timeouts. */
  readonly expectedLength?: number | undefined;
  readonly drain: { readonly delay: number; readonly timeout: number };
  readonly reboot: {
    readonly delay: number;
    readonly orderExpires: number;
    readonly returnWithin: number;
  };
}

/** How long a rollout of the pool may take from the cordon to the node's return. */
export function rolloutLength({ expectedLength, drain, reboot }: Lengths): number {
  const longest = [
    drain.delay,
    drain.timeout,
    reboot.delay,
    reboot.orderExpires,
    reboot.returnWithin,
  ];
  return expectedLength ?? longest.reduce((sum, part) => sum + part, 0);
}
