import { DURATION, parseDuration } from '../../domain/durations.ts';

/** What a simulated machine does instead of rebooting as asked; it holds until changed. */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'never-returns' }
  /** Only user space restarts (`systemctl soft-reboot`): the kernel's boot id stays, and so does the sentinel. */
  | { readonly kind: 'same-boot-id' }
  | { readonly kind: 'late'; readonly byMs: number }
  /** It is back, but its kubelet is lost again and again: so often, up and away for so long each time. */
  | { readonly kind: 'flaps'; readonly times: number; readonly everyMs: number }
  /** The reboot did not install what asked for it. */
  | { readonly kind: 'sentinel-stays' };

export const NO_FAULT: Fault = { kind: 'none' };

/** How faults are written. */
export const FAULTS_WRITTEN =
  'never-returns, same-boot-id, late:30s, flaps:10s, sentinel-stays or none';

/** A fault as it is written; undefined when it is none of them. */
export function readFault(text: string): Fault | undefined {
  switch (text) {
    case 'none':
    case 'never-returns':
    case 'same-boot-id':
    case 'sentinel-stays':
      return { kind: text };
    default: {
      const [, kind, by = ''] = /^(late|flaps):(.+)$/.exec(text) ?? [];
      if (!DURATION.test(by)) return undefined;
      const ms = parseDuration(by);
      return kind === 'late' ? { kind, byMs: ms } : { kind: 'flaps', times: 3, everyMs: ms };
    }
  }
}

/** What one reboot of a simulated machine will look like from outside. */
export interface BootPlan {
  /** How long the machine is away; undefined: until somebody powers it on. */
  readonly downMs: number | undefined;
  readonly newBootId: boolean;
  readonly clearsSentinel: boolean;
  /** How often its kubelet is lost after the boot, and for how long it is up and away each time. */
  readonly flaps?: { readonly times: number; readonly everyMs: number };
}

/** How a machine with this fault reboots when a healthy one is away for `downForMs`. */
export function planBoot(fault: Fault, downForMs: number): BootPlan {
  const healthy: BootPlan = { downMs: downForMs, newBootId: true, clearsSentinel: true };
  switch (fault.kind) {
    case 'none':
      return healthy;
    case 'never-returns':
      return { ...healthy, downMs: undefined };
    case 'same-boot-id':
      return { ...healthy, newBootId: false, clearsSentinel: false };
    case 'late':
      return { ...healthy, downMs: downForMs + fault.byMs };
    case 'flaps':
      return { ...healthy, flaps: { times: fault.times, everyMs: fault.everyMs } };
    case 'sentinel-stays':
      return { ...healthy, clearsSentinel: false };
    default:
      return fault satisfies never;
  }
}
