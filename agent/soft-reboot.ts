/**
 * A soft reboot ends userspace and starts it again: the kernel goes on, and with it the boot id, which alone proves a reboot.
 * The chart refuses the same two settings, in its agent/daemonset.yaml.
 */

/** Said after the name of the setting. */
export const KEEPS_BOOT_ID =
  'is a soft reboot, which keeps the kernel and its boot id, so that it would never be believed';

/** The verb of systemctl and rebootmgrctl, the units of systemd, the option of bootc, and systemd's method on the bus; no directory. */
export const isSoftReboot = (command: string): boolean =>
  /(^|[^A-Za-z0-9_])soft-reboot($|[^A-Za-z0-9_/-])|SoftReboot/.test(command);

/** SIGRTMIN+7, and SIGRTMIN+17 for "at once". */
export const isSoftRebootSignal = (signal: number): boolean => signal === 41 || signal === 51;

/** Else `systemctl reboot` is a soft one by itself where somebody has prepared /run/nextroot. systemctl(1) has the name. */
export const NEVER_BY_ITSELF = { SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT: '1' } as const;
