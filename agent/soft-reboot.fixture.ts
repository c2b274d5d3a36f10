/** Commands after which the boot id is the same, each in a spelling that some program takes. */
export const SOFT_REBOOTS = [
  'systemctl soft-reboot',
  '/usr/bin/systemctl --force soft-reboot',
  'systemctl soft-reboot --no-block',
  'systemctl start soft-reboot.target',
  'systemctl start --job-mode=replace-irreversibly systemd-soft-reboot.service',
  'rebootmgrctl soft-reboot',
  'bootc upgrade --from-downloaded --apply --soft-reboot=auto',
  'ostree admin prepare-soft-reboot --reboot 0',
  `sh -c 'sync; systemctl "soft-reboot"'`,
  'busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager SoftReboot s /',
];

/** Others, after which it is another one, or which no program takes. */
export const OTHER_REBOOTS = [
  '/bin/systemctl reboot',
  'systemctl --force --force reboot',
  'systemctl kexec',
  'systemctl reboot --soft',
  'shutdown --kexec now',
  'shutdown -r now',
  'env SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT=1 systemctl reboot',
  '/opt/soft-reboot-guard/reboot',
  '/opt/soft-reboot/run',
];

export const SOFT_REBOOT_SIGNALS = [41, 51];
/** The other signals at which systemd reboots, by kexec too, and at once. */
export const OTHER_REBOOT_SIGNALS = [39, 40, 49, 50];
