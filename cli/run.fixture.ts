import { runCli } from './run.ts';
import type { Terminal } from './terminal.ts';

/** What a command line prints, and how it ends. */
export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** A terminal that keeps what is printed, at this moment; `hidden` is left out of it. */
export function keptTerminal(
  nowMs: () => number,
  hidden = '',
): Terminal & { readonly said: Omit<Ran, 'exit'> } {
  const said = { out: '', err: '' };
  const hide = (text: string): string => (hidden === '' ? text : text.replaceAll(hidden, ''));
  return {
    said,
    out: (text) => void (said.out += hide(text)),
    err: (text) => void (said.err += hide(text)),
    redraw: (text) => void (said.out += hide(text)),
    nowMs,
    width: 80,
    signal: new AbortController().signal,
  };
}

/** Runs a command line at this moment; `hidden` is left out of what it prints. */
export async function runAt(at: string, argv: readonly string[], hidden = ''): Promise<Ran> {
  const terminal = keptTerminal(() => Date.parse(at), hidden);
  return { exit: await runCli(argv, terminal), ...terminal.said };
}

/** Runs a command line now. */
export async function runNow(...argv: readonly string[]): Promise<Ran> {
  const terminal = keptTerminal(Date.now);
  return { exit: await runCli(argv, terminal), ...terminal.said };
}
