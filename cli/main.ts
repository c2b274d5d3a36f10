import { runCli } from './run.ts';
import { plain } from './terminal.ts';

// Whoever reads no further, as `head` does, has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

/** `npm run -s lockkeeper -- COMMAND`: see --help. */
process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(plain(text)),
  err: (text) => process.stderr.write(plain(text)),
  nowMs: Date.now,
});
