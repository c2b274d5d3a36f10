import type { Policy } from '../domain/policy.ts';
import type { Workload } from '../domain/workload.ts';
import type { CalendarSource } from './calendars.ts';
import type { AlertSource } from './gates/alert-source.ts';
import type { Silences } from './gates/silences.ts';
import type { FleetView } from './kube/fleet-view.ts';
import type { KubePorts } from './kube/ports.ts';
import type { Messenger } from './notify/messenger.ts';
import type { Notices } from './notify/notices.ts';
import type { TemporalPort } from './temporal.ts';

/** The policy in force at this moment; never throws, for a bad file leaves the last good one in force. */
interface PolicySource {
  /** NO_POLICY where there has been no good one yet. */
  current(): Policy;
  /** Names the policy in force; another one has another name. */
  readonly hash: string;
  /** What is wrong with the file as it is now; absent or empty: it is what is in force. */
  readonly problems?: readonly string[];
}

/** What the activities act through. Built once by the worker; tests give their own. */
export interface Deps extends KubePorts {
  /** Names the worker, as Temporal knows it. */
  readonly worker: string;
  /** What this installation runs by itself, but for its agents; nothing where the worker has not been told. */
  readonly own: readonly Workload[];
  /** The nodes as a watch shows them, for looks that may be a little late. */
  readonly fleet: Pick<FleetView, 'node' | 'onChange'>;
  readonly policy: PolicySource;
  /** The calendars that the policy's windows name. */
  readonly calendars: CalendarSource;
  readonly alerts: AlertSource;
  readonly silences: Silences;
  readonly temporal: TemporalPort;
  /** Lets people be told. */
  readonly notices: Notices;
  /** Tells them. */
  readonly messenger: Messenger;
  /** False while the search attributes are not there and could not be made; rollouts then go without. */
  readonly searchAttributes: () => boolean;
  /** Counts an eviction that a disruption budget has refused; never throws. */
  readonly evictionRefused: (pool: string) => void;
  /** Pause between two looks at something that is waited for; at gates it grows. */
  readonly pollAgainMs: number;
}
