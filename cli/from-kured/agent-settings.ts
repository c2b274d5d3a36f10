import { sayDuration, type Draft, type Reader } from './draft.ts';
import { INSTEAD } from './instead.ts';
import type { Kured, Mount } from './kured.ts';
import { OPTIONS, type OptionName } from './options.ts';

/** What is told to the agent on each node and not to the policy. Only what differs from the agent's own defaults is set. */
export function agentSettings(read: Reader, draft: Draft, kured: Kured): void {
  const set = (name: OptionName, value: string): void => {
    const instead = INSTEAD[name];
    if ('agent' in instead) draft.agent.push({ variable: instead.agent, value });
  };
  const period = read.duration('period');
  if (read.setting('period') && period !== undefined) {
    set('period', sayDuration(Math.max(period, 1_000)));
  }
  if (read.setting('log-format')) {
    set('log-format', read.text('log-format') === 'json' ? 'json' : 'text');
  }
  sentinel(read, set, kured.mounts);
  reboot(read, set);
}

type Set = (name: OptionName, value: string) => void;

function sentinel(read: Reader, set: Set, mounts: readonly Mount[]): void {
  const command = read.text('reboot-sentinel-command');
  if (command !== '') {
    set('reboot-sentinel-command', command);
    read.warn('reboot-sentinel-command', `${PRIVILEGED}. ${EXIT_CODES}${trap(command)}`);
    if (read.setting('reboot-sentinel')) {
      read.note('reboot-sentinel', 'has no effect beside reboot-sentinel-command');
    }
    return;
  }
  const path = onHost(read.text('reboot-sentinel'), mounts);
  if (/^(\/var)?\/run\/reboot-required$/.test(path)) return;
  const [, directory, file = ''] = /^(.*)\/([^/]*)$/.exec(path) ?? [];
  set('reboot-sentinel', `/sentinel/${file}`);
  const text = `the agent sees the file ${path} of the host when the volume "sentinel" of its DaemonSet has the hostPath ${directory || '/'}`;
  read.warn('reboot-sentinel', text);
}

const PRIVILEGED = "the command runs on the host, so the agent's pod needs privileged: true";
const EXIT_CODES =
  '0 is required, 1 is not required; anything else, which kured takes for "not required", is shown as unknown';

function trap(command: string): string {
  if (!/!\s/.test(command)) return '';
  return '. A "!" turns every failure into "required", "command not found" too: give the exit codes as they are';
}

/** A path in the container as the host knows it. */
function onHost(path: string, mounts: readonly Mount[]): string {
  const mount = mounts
    .filter(({ inContainer }) => path.startsWith(`${inContainer.replace(/\/$/, '')}/`))
    .toSorted((one, other) => other.inContainer.length - one.inContainer.length)[0];
  if (!mount) return path;
  const below = path.slice(mount.inContainer.replace(/\/$/, '').length);
  return `${mount.onHost.replace(/\/$/, '')}${below}`;
}

function reboot(read: Reader, set: Set): void {
  const method = read.text('reboot-method');
  if (method !== 'signal' && method !== 'command') {
    read.refuse('reboot-method', 'command or signal');
  } else if (method === 'signal') bySignal(read, set);
  else byCommand(read, set);
}

function bySignal(read: Reader, set: Set): void {
  const signal = read.integer('reboot-signal');
  if (signal < 1) read.refuse('reboot-signal', 'the number of a signal');
  else if (signal !== 39) set('reboot-signal', String(signal));
  if (isChanged(read, 'reboot-command')) {
    read.note('reboot-command', 'has no effect with reboot-method signal');
  }
}

function isChanged(read: Reader, name: OptionName): boolean {
  return read.setting(name) !== undefined && read.text(name) !== OPTIONS[name].fallback;
}

/** `systemctl reboot` and the agent's default signal do the same, and the signal needs no privileged pod. */
function byCommand(read: Reader, set: Set): void {
  if (isChanged(read, 'reboot-signal')) {
    read.note('reboot-signal', 'has no effect with reboot-method command');
  }
  const command = read.text('reboot-command');
  if (/^(\S*\/)?systemctl reboot$/.test(command.trim())) {
    read.note('reboot-method', SIGNAL_INSTEAD);
    return;
  }
  set('reboot-method', 'command');
  set('reboot-command', command);
  read.warn('reboot-command', PRIVILEGED);
}

const SIGNAL_INSTEAD =
  "the agent's default is the signal at which systemd reboots, as `systemctl reboot` does; it needs no privileged pod. To keep the command: LOCKKEEPER_REBOOT_METHOD=command";
