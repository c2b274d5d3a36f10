import { spawn } from 'node:child_process';

/**
 * Ends the process groups entrusted to it as soon as this process is gone, even by SIGKILL.
 * It is a shell that reads from a pipe held by this process only: the kernel closes the pipe, whatever the reason.
 */
export interface Guard {
  watch(processGroup: number): void;
  /** To be called when a group has ended: its number may soon belong to somebody else. */
  release(processGroup: number): void;
  /** Ends the guard itself; groups still watched are killed. */
  close(): void;
}

// It outlives Ctrl-C and a closed terminal on purpose: its work begins when everybody else has gone.
const SCRIPT = `
trap '' INT TERM HUP
groups=' '
while read -r word group; do
  case $word in
    watch) groups="$groups$group " ;;
    release)
      case $groups in
        *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;;
      esac ;;
  esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
`;

export function startGuard(): Guard {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A guard that was ended from outside must not take the lab with it through a broken pipe.
  shell.stdin.on('error', () => shell.stdin.destroy());
  shell.on('error', () => shell.stdin.destroy());
  shell.unref();
  const tell = (line: string): void => {
    if (shell.stdin.writable) shell.stdin.write(`${line}\n`);
  };
  return {
    watch: (processGroup) => tell(`watch ${processGroup}`),
    release: (processGroup) => tell(`release ${processGroup}`),
    close: () => shell.stdin.end(),
  };
}
