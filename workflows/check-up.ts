import type { CheckUp } from '../activities/check-up.ts';
import { once } from './activities.ts';

/** For `lockkeeper doctor`: how the worker that gets it reaches what the policy names. Changes nothing. */
export async function checkUp(): Promise<CheckUp> {
  return await once('reach what the policy names').checkUp({ withinMs: 25_000 });
}
