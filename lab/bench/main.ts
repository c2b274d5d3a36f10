import { messageOf } from '../../domain/message-of.ts';
import { parseBenchArgs } from './args.ts';
import { benchAgent } from './agent/bench.ts';

/** `npm run bench`: see --help. */
async function main(): Promise<number> {
  const parsed = parseBenchArgs(process.argv.slice(2));
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(parsed.text);
      return 0;
    case 'wrong':
      process.stderr.write(`${parsed.problem}; try: npm run bench -- --help\n`);
      return 2;
    case 'run':
      return run((signal) => benchAgent(parsed.args, signal));
    default:
      return parsed satisfies never;
  }
}

async function run(bench: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  try {
    return await bench(stop.signal);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return stop.signal.aborted ? 130 : 1;
  }
}

process.exit(await main());
