import { messageOf } from '../domain/message-of.ts';
import { parseLabArgs, type LabArgs } from './args.ts';
import { runLab } from './run.ts';

/** `npm run lab`: see --help. */
async function main(): Promise<number> {
  const parsed = parseLabArgs(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(parsed.text);
      return 0;
    case 'wrong':
      for (const problem of parsed.problems) process.stderr.write(`${problem}\n`);
      return 2;
    case 'run':
      return run(parsed.args);
    default:
      return parsed satisfies never;
  }
}

async function run(args: LabArgs): Promise<number> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      // The second one is impatience. Whatever still runs is ended by the guards, which see this process go.
      if (stop.signal.aborted) process.exit(130);
      process.stderr.write('\nending the lab; once more ends it at once\n');
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  try {
    return await runLab(args, process, stop.signal);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}

process.exit(await main());
