import { runProgram } from '../program.ts';
import { parseBenchArgs } from './args.ts';
import { benchAgent } from './bench.ts';

/** `npm run bench`: see --help. */
process.exit(
  await runProgram(parseBenchArgs(process.argv.slice(2)), {
    run: benchAgent,
    ending: 'ending the bench; once more ends it at once',
  }),
);
