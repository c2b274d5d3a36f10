import { printed } from './paint.ts';
import { runCli } from './run.ts';

// Whoever reads no further, as `head` does, has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

/** As Node judges it: by the terminal, NO_COLOR and FORCE_COLOR. */
const showsColours = (stream: NodeJS.WriteStream): boolean => stream.isTTY && stream.hasColors();

let interrupted: AbortController | undefined;

/** From the first time that a command asks for it on, the first Ctrl-C is left to that command. */
function untilInterrupted(): AbortSignal {
  if (!interrupted) {
    const first = new AbortController();
    process.once('SIGINT', () => first.abort());
    interrupted = first;
  }
  return interrupted.signal;
}

/** `npm run -s lockkeeper -- COMMAND`: see --help. */
process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(printed(text, showsColours(process.stdout))),
  err: (text) => process.stderr.write(printed(text, showsColours(process.stderr))),
  redraw(text) {
    // Home, and all below is gone.
    const clear = process.stdout.isTTY ? '\u001B[H\u001B[J' : '';
    process.stdout.write(`${clear}${printed(text, showsColours(process.stdout))}`);
  },
  nowMs: Date.now,
  width: Math.max(process.stdout.columns || 80, 80),
  get signal() {
    return untilInterrupted();
  },
});
