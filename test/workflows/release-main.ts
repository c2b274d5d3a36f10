import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { HISTORIES, NEXT, recordedIn, seal } from './recorded.ts';

/**
 * `release-main.ts VERSION`: what was recorded for the next version becomes that of VERSION, and is not changed any more.
 * From then on every later version has to replay it.
 */
const [version = ''] = process.argv.slice(2);
const next = join(HISTORIES, NEXT);
const released = join(HISTORIES, version);
const refusals = [
  [!/^\d+\.\d+\.\d+$/.test(version), 'write a version like 0.1.0'],
  [existsSync(released), `${released} is there already`],
  [recordedIn(next).length === 0, `nothing is recorded in ${next}`],
] as const;
const because = refusals.find(([refused]) => refused)?.[1];
if (because === undefined) {
  renameSync(next, released);
  seal(released);
} else {
  process.stderr.write(`${because}\n`);
  process.exitCode = 2;
}
