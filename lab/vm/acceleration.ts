import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import type { ProgressSink } from '../tools/contract.ts';
import type { Disk } from './disk.ts';
import { processor, QEMU, type Acceleration } from './qemu.ts';

/** A kernel says its first word within a second; where nothing is heard by then, nothing ever is. */
const SPEAKS_WITHIN_MS = 20_000;

/**
 * What machines run on here. Hardware virtualisation is believed only once a kernel has spoken with it: /dev/kvm may be there, may
 * open, and then stand still.
 */
export async function accelerationHere(
  { kernel }: Pick<Disk, 'kernel'>,
  { log, signal }: { log: ProgressSink; signal: AbortSignal },
): Promise<Acceleration> {
  const why = await whyNoKvm(kernel, signal);
  log(
    why === undefined
      ? 'machines run on the processor itself (KVM)'
      : `machines are emulated, which is slower: ${why}`,
  );
  return why === undefined ? 'kvm' : 'tcg';
}

async function whyNoKvm(kernel: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch (error) {
    return `/dev/kvm cannot be used (${(error as NodeJS.ErrnoException).code})`;
  }
  const said = await firstWords(kernel, signal);
  signal.throwIfAborted();
  if (said.includes('Linux version')) return undefined;
  return `/dev/kvm is there, but no kernel starts with it within ${SPEAKS_WITHIN_MS / 1_000} s`;
}

/** What a kernel without a root file system prints before it gives up and reboots. */
function firstWords(kernel: string, signal: AbortSignal): Promise<string> {
  const machine = '-m 256 -display none -nodefaults -no-user-config -no-reboot';
  const args = [...processor('kvm'), ...machine.split(' '), '-serial', 'stdio'];
  args.push('-kernel', kernel, '-append', 'console=ttyS0 panic=-1');
  const options = { timeout: SPEAKS_WITHIN_MS, killSignal: 'SIGKILL', signal } as const;
  return new Promise((resolve) => {
    execFile(QEMU, args, options, (_error, stdout) => resolve(stdout));
  });
}
