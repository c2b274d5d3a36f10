import { canonicalZone } from '../../domain/window/wall-clock.ts';
import type { Draft, Reader } from './draft.ts';
import { day, WEEK, type Day } from './go.ts';
import type { Kured } from './kured.ts';
import { isSurprising, meant, windowsOf } from './windows.ts';

/** kured's days, hours and time zone as windows. */
export function hours(read: Reader, draft: Draft, kured: Kured): void {
  const days = daysOf(read);
  const startS = read.timeOfDay('start-time');
  const endS = read.timeOfDay('end-time');
  draft.timeZone.name = zoneOf(read, kured);
  if (days === undefined || startS === undefined || endS === undefined) return;
  const asked = { days: new Set(days), startS, endS };
  const windows = windowsOf(asked);
  draft.pool.windows = windows;
  if (isSurprising(asked)) read.warn('start-time', surprise(asked));
  if (days.length === 0) read.warn('reboot-days', NO_DAY);
  else if (windows.length === 0) read.warn('start-time', NO_TIME);
}

function surprise(asked: Parameters<typeof meant>[0]): string {
  return `kured asks for the day of the moment, not of the evening before: these windows are open when kured's was. You may have meant ${JSON.stringify(meant(asked))}, which belongs to the day it starts on`;
}

const NO_DAY = 'it is empty, so kured never reboots anything, and nor does this policy';
const NO_TIME = 'it ends in the second in which it begins; this policy is never open';

function daysOf(read: Reader): Day[] | undefined {
  const words = read.list('reboot-days');
  if (words === undefined) return [...WEEK];
  const days = words.map(day);
  if (!days.includes(undefined)) return days as Day[];
  read.refuse('reboot-days', 'a list of days, as names or as 0 (Sunday) to 6');
  return undefined;
}

/** Go's names of zones are IANA's, besides "Local", which is the container's: UTC, unless its TZ says otherwise. */
function zoneOf(read: Reader, { env }: Kured): string {
  const asked = read.text('time-zone');
  const local = env.find(({ name }) => name === 'TZ')?.value;
  const name = asked === 'Local' ? (local ?? 'UTC') : asked || 'UTC';
  if (canonicalZone(name) !== undefined) return name;
  read.refuse('time-zone', 'the name of a time zone like Europe/Zurich');
  return 'UTC';
}
