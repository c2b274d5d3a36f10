import { readFileSync, writeFileSync } from 'node:fs';
import { describeEnd, ENTER_HOST, runCommand } from './command.ts';
import type { CommandEnd } from './command.ts';
import { checkSentinelFile, judgeCommand } from './sentinel.ts';
import type { Sentinel } from './sentinel.ts';

/** The machine the agent stands on; the lab has its own. */
export interface Host {
  /** The id of the running boot; rejects when it cannot be read. */
  bootId(): Promise<string>;
  /** Never rejects: a check that fails is `unknown` with its reason. */
  checkSentinel(): Promise<Sentinel>;
  /** Starts the reboot and resolves without waiting for it; rejects when it could not be started. */
  reboot(): Promise<void>;
}

/** A command line as configured and as split into words. */
export interface Command {
  readonly line: string;
  readonly words: readonly string[];
}

export interface HostSettings {
  readonly bootIdFile: string;
  readonly sentinel:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'command'; readonly command: Command };
  readonly reboot:
    | { readonly method: 'signal'; readonly signal: number }
    | { readonly method: 'command'; readonly command: Command }
    /** A unit of the host waits for the file: the agent needs no right on the host but to write there. */
    | { readonly method: 'file'; readonly path: string };
  readonly commandTimeoutMs: number;
}

/** What of the operating system the host needs; a test gives its own. */
export interface HostSystem {
  /** Put before every command. */
  readonly enter: readonly string[];
  signalProcess1(signal: number): void;
}

const LINUX: HostSystem = {
  enter: ENTER_HOST,
  signalProcess1: (signal) => void process.kill(1, signal),
};

export function createHost(settings: HostSettings, system: HostSystem = LINUX): Host {
  const run = async ({ words }: Command) =>
    notEntered(await runCommand([...system.enter, ...words], settings.commandTimeoutMs));
  return {
    async bootId() {
      const id = readFileSync(settings.bootIdFile, 'utf8').trim();
      // An empty id would equal another empty id.
      if (id === '') throw new Error(`${settings.bootIdFile} is empty`);
      return id;
    },
    async checkSentinel() {
      const { sentinel } = settings;
      if (sentinel.kind === 'file') return checkSentinelFile(sentinel.path);
      return judgeCommand(sentinel.command.line, await run(sentinel.command));
    },
    async reboot() {
      const { reboot } = settings;
      if (reboot.method === 'signal') {
        system.signalProcess1(reboot.signal);
        return;
      }
      if (reboot.method === 'file') {
        writeFileSync(reboot.path, 'Lockkeeper obeys an order\n');
        return;
      }
      const end = await run(reboot.command);
      if (end.kind === 'exit' && end.code === 0) return;
      throw new Error(`${reboot.command.line}: ${describeEnd(end)}`);
    },
  };
}

/**
 * nsenter's own failure is exit code 1 too, which for a sentinel means "not required": an agent without the right to
 * enter the host would look healthy for ever. Its message tells the two apart.
 */
function notEntered(end: CommandEnd): CommandEnd {
  if (end.kind !== 'exit' || end.code === 0 || !end.lastLine.startsWith('nsenter: ')) return end;
  return { kind: 'cannot-start', because: end.lastLine };
}
