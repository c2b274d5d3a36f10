import { seeTo } from './database.ts';

const HELP = `lockkeeper database check: looks at the database of the embedded Temporal before the server opens it

Usage: LOCKKEEPER_DATABASE=/var/lib/temporal/temporal.db node worker/embedded/main.ts

One of an older schema is brought to that of this release, and one in which nothing is written yet is removed. What does not fit is
left as it is, and said.

Exit status: 0 the server may start, 1 it may not, 2 LOCKKEEPER_DATABASE is missing.
`;

const WHAT_TO_DO =
  'Nothing was touched. Nodes that are out of service stay so until Lockkeeper runs again: enlarge the claim of a full volume, go back to the release that made it (and delete the pod where it stays as it was), or delete the volume claim and the pod: rollouts under way are then taken up from the Nodes; pauses, the queue and the history are lost (docs/temporal.md)';

function main([flag]: readonly string[], path = process.env['LOCKKEEPER_DATABASE']): number {
  if (flag === '--help' || flag === '-h') {
    process.stdout.write(HELP);
    return 0;
  }
  if (path === undefined || path === '') {
    process.stderr.write('LOCKKEEPER_DATABASE: write the path of the database\n');
    return 2;
  }
  const { mayStart, because } = seeTo(path);
  if (mayStart) process.stdout.write(`${because}\n`);
  else process.stderr.write(`the database of Temporal cannot be used: ${because}. ${WHAT_TO_DO}\n`);
  return mayStart ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
