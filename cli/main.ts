import { runCli } from './run.ts';

/** `npm run -s lockkeeper -- COMMAND`: see --help. */
process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  nowMs: Date.now,
});
