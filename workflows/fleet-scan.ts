import type { Scan } from '../activities/scan.ts';
import { waiting } from './effects.ts';

/** One look over the whole fleet; a Temporal Schedule starts it again and again. */
export async function fleetScan(): Promise<Scan> {
  return await waiting('look the fleet over').scanFleet();
}
