import { runCli } from './run.ts';

/** What a command line prints, and how it ends. */
export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line at this moment; `hidden` is left out of what it prints. */
export async function runAt(at: string, argv: readonly string[], hidden = ''): Promise<Ran> {
  const said = { out: '', err: '' };
  const hide = (text: string): string => (hidden === '' ? text : text.replaceAll(hidden, ''));
  const exit = await runCli(argv, {
    out: (text) => (said.out += hide(text)),
    err: (text) => (said.err += hide(text)),
    nowMs: () => Date.parse(at),
  });
  return { exit, ...said };
}
