/** From the first pause to the longest, in milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * The pause after so many failures in a row (from 1): doubled after each, up to the longest. `random` in [0, 1) lengthens it by
 * up to a quarter, so that many do not ask in step.
 */
export function backoffMs({ firstMs, mostMs }: Backoff, failures: number, random = 0): number {
  return Math.min(firstMs * 2 ** (failures - 1), mostMs) * (1 + random / 4);
}
