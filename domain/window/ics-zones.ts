import { findIana } from 'windows-iana';
import { readLocal } from './local-time.ts';
import { parseRecurrence } from './recurrence.ts';
import { ruleText, type Component } from './ics.ts';
import { canonicalZone, zoneClock, type WallClock } from './wall-clock.ts';

export type Zones = (tzid: string) => WallClock | undefined;

/** The clock each TZID of a calendar means; undefined when nobody can say. */
export function zonesOf(calendar: Component): Zones {
  const known = new Map<string, WallClock | undefined>();
  return (tzid) => {
    if (!known.has(tzid)) known.set(tzid, clockOf(tzid, calendar));
    return known.get(tzid);
  };
}

function clockOf(tzid: string, calendar: Component): WallClock | undefined {
  const defined = calendar.components('vtimezone').find((zone) => zone.text('tzid') === tzid);
  // The zone's usual name first: its rules are kept up to date here, those in the file are of the day it was written.
  const name = [tzid, defined?.text('x-lic-location'), windowsName(tzid), lastPart(tzid)]
    .map((candidate) => (candidate === undefined ? undefined : canonicalZone(candidate)))
    .find((canonical) => canonical !== undefined);
  if (name !== undefined) return zoneClock(name);
  return defined && new DefinedClock(tzid, defined);
}

/** Outlook writes "W. Europe Standard Time". */
const windowsName = (tzid: string): string | undefined => findIana(tzid)[0];

/** Some programs write "/mozilla.org/20050126_1/Europe/Zurich". */
const lastPart = (tzid: string): string | undefined =>
  /\/([A-Za-z_]+\/[A-Za-z_]+(\/[A-Za-z_]+)?)$/.exec(tzid)?.[1];

interface Change {
  readonly atMs: number;
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** A clock as a VTIMEZONE describes it (RFC 5545 section 3.6.5), for zones that have no other name. */
class DefinedClock implements WallClock {
  readonly name: string;
  private readonly changes: readonly Change[];

  constructor(name: string, zone: Component) {
    this.name = name;
    this.changes = ['standard', 'daylight']
      .flatMap((kind) => zone.components(kind))
      .flatMap(changesOf)
      .toSorted((one, other) => one.atMs - other.atMs);
  }

  offsetAt(atMs: number): number {
    const last = this.changes.findLast((change) => change.atMs <= atMs);
    return last?.afterMs ?? this.changes[0]?.beforeMs ?? 0;
  }
}

/** Whatever lies before and after is far from any window. */
const FIRST_YEAR = Date.UTC(2000, 0, 1);
const LAST_YEAR = Date.UTC(2100, 0, 1);

/** Each time the clocks are put to the offset of one STANDARD or DAYLIGHT part. */
function changesOf(part: Component): Change[] {
  const beforeMs = offsetOf(part.text('tzoffsetfrom'));
  const afterMs = offsetOf(part.text('tzoffsetto'));
  const start = readLocal(part.text('dtstart') ?? '');
  if (beforeMs === undefined || afterMs === undefined || start === undefined) return [];
  const more = part
    .all('rdate')
    .flatMap(({ values }) => values.map((value) => readLocal(String(value))))
    .filter((local) => local !== undefined);
  // Its times are read off the clock as it was before the change.
  const before: WallClock = { name: '', offsetAt: () => beforeMs };
  const onsets = [...recurring(part, start, before), start, ...more];
  return [...new Set(onsets)].map((local) => ({ atMs: local - beforeMs, beforeMs, afterMs }));
}

function recurring(part: Component, start: number, before: WallClock): number[] {
  const written = part.first('rrule')?.values[0];
  if (written === undefined) return [];
  const rule = parseRecurrence(ruleText(written), { local: start, counts: true });
  if ('problem' in rule) return [];
  const onsets: number[] = [];
  for (const local of rule.from(FIRST_YEAR, before)) {
    if (local > LAST_YEAR) break;
    onsets.push(local);
  }
  return onsets;
}

/** "+01:00" or "-04:30:15" in milliseconds. */
function offsetOf(text: string | undefined): number | undefined {
  const [, sign, hours, minutes, seconds = '0'] =
    /^([+-])(\d\d):?(\d\d)(?::?(\d\d))?$/.exec(text ?? '') ?? [];
  if (sign === undefined) return undefined;
  const ms = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
  return sign === '-' ? -ms : ms;
}
