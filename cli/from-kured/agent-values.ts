import { inShell, inSingleQuotes, shellOperator } from '../../agent/command.ts';
import { isSoftReboot, isSoftRebootSignal, KEEPS_BOOT_ID } from '../../agent/soft-reboot.ts';
import type { Reader } from './reader.ts';

/** What is told to the agent on each node and not to the policy. Only what differs from the agent's own defaults is set. */

export const logFormat = (format: string, read: Reader): string | undefined =>
  read.setting() && (format === 'json' ? 'json' : 'text');

export const PRIVILEGED = "the command runs on the host, so the agent's pod needs privileged: true";
const EXIT_CODES =
  '0 is required, 1 is not required; anything else, which kured takes for "not required", is shown as unknown';
const TRAP =
  '. A "!" turns every failure into "required", "command not found" too: give the exit codes as they are';

export function sentinelCommand(command: string, read: Reader): string {
  read.warn(`${PRIVILEGED}. ${EXIT_CODES}${/!\s/.test(command) ? TRAP : ''}`);
  return obeyed(command, read);
}

/** The agent takes nothing that only a shell would obey, and that kured hands to the program as it stands. */
function obeyed(command: string, read: Reader): string {
  const operator = shellOperator(command);
  if (operator === undefined) return command;
  const sameWords = inSingleQuotes(command);
  if (sameWords !== undefined) return sameWords;
  read.close(
    `kured runs no shell and gives ${operator} to the program as a word; look whether ${inShell(command)}, which is written here, does what is meant`,
  );
  return inShell(command);
}

/** The file as the agent sees it, and where the host has it: by the mount that is nearest. */
export function sentinel(inside: string, read: Reader): string | undefined {
  const [mount] = read.kured.mounts
    .filter(({ inContainer }) => inside.startsWith(`${inContainer}/`))
    .toSorted((one, other) => other.inContainer.length - one.inContainer.length);
  const path = mount ? `${mount.onHost}${inside.slice(mount.inContainer.length)}` : inside;
  if (/^(\/var)?\/run\/reboot-required$/.test(path)) return undefined;
  const [, directory, file = ''] = /^(.*)\/([^/]*)$/.exec(path) ?? [];
  const text = `the agent sees the file ${path} of the host when the volume "sentinel" of its DaemonSet has the hostPath ${directory || '/'}`;
  read.warn(text);
  return `/sentinel/${file}`;
}

const SIGNAL_INSTEAD =
  "the agent's default is the signal at which systemd reboots, as `systemctl reboot` does; it needs no privileged pod. To keep the command: LOCKKEEPER_REBOOT_METHOD=command";

/** `systemctl reboot` and the agent's default signal do the same. */
const isSignal = (command: string): boolean => /^(\S*\/)?systemctl reboot$/.test(command.trim());

const NOT_SOFT = `${KEEPS_BOOT_ID}; the agent reboots the kernel as well`;

export function rebootCommand(command: string, read: Reader): string | undefined {
  if (isSignal(command)) return undefined;
  if (!isSoftReboot(command)) return obeyed(command, read);
  read.close(NOT_SOFT);
  return undefined;
}

export function rebootMethod(method: string, read: Reader): string | undefined {
  if (method === 'signal') return undefined;
  const command = read.value('reboot-command') ?? 'systemctl reboot';
  if (!isSignal(command) && !isSoftReboot(command)) return 'command';
  read.note(SIGNAL_INSTEAD);
  return undefined;
}

export function signal(number: number, read: Reader): string | undefined {
  if (number < 1) read.close('is not the number of a signal, so kured does not start');
  if (isSoftRebootSignal(number)) read.close(NOT_SOFT);
  return number < 1 || number === 39 || isSoftRebootSignal(number) ? undefined : String(number);
}
