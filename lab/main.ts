import { parseLabArgs } from './args.ts';
import { isVerb, parseControlArgs } from './control/args.ts';
import { tellLab } from './control/channel.ts';
import { runProgram } from './program.ts';
import { runLab } from './run.ts';

/** `npm run lab`: see --help. With a command it tells the lab of another terminal. */
async function main(words: readonly string[]): Promise<number> {
  const [verb, ...rest] = words;
  if (!isVerb(verb)) {
    return await runProgram(parseLabArgs(words), {
      run: (args, signal) => runLab(args, process, signal),
      ending: 'ending the lab; once more ends it at once',
    });
  }
  return await runProgram(parseControlArgs(verb, rest), {
    async run({ dir, ...asked }) {
      const { ok, said } = await tellLab(asked, dir);
      (ok ? process.stdout : process.stderr).write(`${said}\n`);
      return ok ? 0 : 1;
    },
    ending: 'not waiting for the lab; once more ends it at once',
  });
}

process.exit(await main(process.argv.slice(2)));
