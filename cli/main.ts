import { runCli } from './run.ts';
import { plain } from './terminal.ts';

/** `npm run -s lockkeeper -- COMMAND`: see --help. */
process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(plain(text)),
  err: (text) => process.stderr.write(plain(text)),
  nowMs: Date.now,
});
