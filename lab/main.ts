import { parseLabArgs } from './args.ts';
import { runProgram } from './program.ts';
import { runLab } from './run.ts';

/** `npm run lab`: see --help. */
process.exit(
  await runProgram(parseLabArgs(process.argv.slice(2)), {
    run: (args, signal) => runLab(args, process, signal),
    ending: 'ending the lab; once more ends it at once',
  }),
);
