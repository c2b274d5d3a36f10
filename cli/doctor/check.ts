import { answerOf } from '../../activities/kube/client.ts';
import { CommandFailed } from '../terminal.ts';
import { unknown, type Finding, type Said } from './finding.ts';
import type { World } from './world.ts';

/** One question about the installation. */
export interface Check {
  readonly group: string;
  readonly name: string;
  /** Whatever it rejects with is a finding of its own. */
  look(world: World): Promise<readonly Said[]>;
}

/** Temporal or Kubernetes is not reached; that is said once, by the check that is about it. */
export class Away extends Error {}

/** Makes all checks side by side. None keeps another from being shown: one that takes longer than `withinMs` is left. */
export async function makeChecks(
  checks: readonly Check[],
  world: World,
  withinMs: number,
): Promise<Finding[]> {
  const found = await Promise.all(
    checks.map(async (check) => {
      const said = await madeInTime(check, world, withinMs);
      return said.map((one) => ({ group: check.group, check: check.name, ...one }));
    }),
  );
  return found.flat();
}

async function madeInTime(check: Check, world: World, withinMs: number): Promise<readonly Said[]> {
  const late = Promise.withResolvers<readonly Said[]>();
  const timer = setTimeout(
    () => late.resolve([unknown(`no answer within ${withinMs / 1_000}s`)]),
    withinMs,
  );
  try {
    return await Promise.race([check.look(world), late.promise]);
  } catch (error) {
    return [unknown(whyUnknown(error))];
  } finally {
    clearTimeout(timer);
  }
}

function whyUnknown(error: unknown): string {
  if (error instanceof Away) return `not looked at: ${error.message}`;
  if (error instanceof CommandFailed) return error.lines.join('; ');
  return `it could not be looked at: ${answerOf(error)}`;
}
