/** What a command acts through; tests give their own. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Writes it in place of what stands there, where there is a screen. */
  redraw(text: string): void;
  nowMs(): number;
  /** How many columns there are to write in. */
  readonly width: number;
  /** Aborted when a person wants it to end: Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Exit codes, the same for every command. */
export const EXIT = {
  ok: 0,
  /** What was asked for went wrong, or what was looked at is. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Some of what was asked about is not, or will not be, done. */
  notAll: 3,
  /** A pool is halted. */
  halted: 4,
  /** Ended by Ctrl-C, as a shell says it. */
  interrupted: 130,
} as const;

/** Ends a command: its lines go to stderr. */
export class CommandFailed extends Error {
  readonly lines: readonly string[];
  readonly exitCode: number;

  constructor(lines: readonly string[], exitCode: number = EXIT.failed) {
    super(lines.join('\n'));
    this.lines = lines;
    this.exitCode = exitCode;
  }
}

/** An option is wrong: "--count: write a whole number". */
export const wrongOption = (option: string, rule: string): CommandFailed =>
  new CommandFailed([`${option}: ${rule}`], EXIT.usage);
