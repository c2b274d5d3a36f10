import { runProgram } from '../program.ts';
import { parseMachinesArgs } from './args.ts';
import { runMachines } from './run.ts';

const startedAt = performance.now();
const log = (line: string): void => {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6);
  process.stderr.write(`${seconds} s  ${line}\n`);
};

// exit(), not exitCode: what waits for a node need not be waited for when this was stopped.
process.exit(
  await runProgram(parseMachinesArgs(process.argv.slice(2)), {
    run: (args, signal) => runMachines(args, log, signal),
    ending: 'switching off',
    mustFinish: true,
  }),
);
