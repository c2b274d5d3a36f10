/** What a command acts through; tests give their own. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  nowMs(): number;
}

/** Exit codes, the same for every command. */
export const EXIT = {
  ok: 0,
  /** What was asked for went wrong, or what was looked at is. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
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

/** Whatever is printed, without what would steer the terminal: others have written some of it. */
export const plain = (text: string): string => text.replaceAll(/[^\P{C}\n\t]/gu, '');
