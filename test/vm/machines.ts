import { test } from '@jest/globals';
import { whyNoMachines } from '../../lab/vm/possible.ts';

/** `test`, or `test.skip` where no machine can be started; `why` then goes into the name, for all to see. */
export async function machines() {
  const reason = await whyNoMachines();
  if (reason === undefined) return { run: test, why: undefined, note: '' };
  return { run: test.skip, why: reason, note: ` (NOT TRIED: ${reason})` };
}
