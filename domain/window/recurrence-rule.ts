import { present } from '../present.ts';
import { readLocal } from './local-time.ts';
import { DAY_MS } from './wall-clock.ts';

/**
 * A recurrence rule checked part by part (RFC 5545 section 3.3.10). The library behind it drops what it does not know, and a
 * typing error would then open a window on more days than were meant.
 */
export interface RuleParts {
  readonly parts: ReadonlyMap<string, string>;
  /** The rule without UNTIL, which is compared by whoever knows the zone. */
  readonly rule: string;
  /** The last moment an occurrence may fall on. */
  readonly until?: { kind: 'local'; local: number } | { kind: 'instant'; ms: number };
}

const WEEKDAY = '(MO|TU|WE|TH|FR|SA|SU)';
const MOST = 1_000;

type Check = (text: string) => boolean;

const written =
  (pattern: RegExp): Check =>
  (text) =>
    pattern.test(text);

const FREQ_RULE =
  'write FREQ=DAILY, WEEKLY, MONTHLY or YEARLY; the time of day is not part of the rule';
const UNTIL_RULE = 'write UNTIL like 20271231 or 20271231T220000Z';

/** Each part with what it may hold, and the rule for people. */
const PARTS: Readonly<Record<string, { readonly good: Check; readonly rule: string }>> = {
  FREQ: {
    good: written(/^(DAILY|WEEKLY|MONTHLY|YEARLY)$/),
    rule: FREQ_RULE,
  },
  INTERVAL: { good: numbers(1, MOST, 1), rule: `write INTERVAL from 1 to ${MOST}` },
  COUNT: { good: numbers(1, MOST, 1), rule: `write COUNT from 1 to ${MOST}` },
  UNTIL: { good: written(/^\d{8}(T\d{6}Z?)?$/), rule: UNTIL_RULE },
  BYMONTH: { good: numbers(1, 12), rule: 'write BYMONTH from 1 to 12' },
  BYMONTHDAY: { good: signed(31), rule: 'write BYMONTHDAY from 1 to 31, or -1 to -31' },
  BYYEARDAY: { good: signed(366), rule: 'write BYYEARDAY from 1 to 366, or -1 to -366' },
  BYWEEKNO: { good: signed(53), rule: 'write BYWEEKNO from 1 to 53, or -1 to -53' },
  BYSETPOS: { good: signed(366), rule: 'write BYSETPOS from 1 to 366, or -1 to -366' },
  BYDAY: {
    good: written(new RegExp(`^([+-]?[1-9]\\d?)?${WEEKDAY}(,([+-]?[1-9]\\d?)?${WEEKDAY})*$`)),
    rule: 'write BYDAY like MO, 2TU for the second or -1FR for the last',
  },
  WKST: { good: written(new RegExp(`^${WEEKDAY}$`)), rule: 'write WKST like MO' },
};

const within = (one: string, from: number, to: number): boolean =>
  /^[0-9]{1,4}$/.test(one) && Number(one) >= from && Number(one) <= to;

function numbers(from: number, to: number, most = Infinity): Check {
  return (text) => {
    const all = text.split(',');
    return all.length <= most && all.every((one) => within(one, from, to));
  };
}

function signed(to: number): Check {
  return (text) => text.split(',').every((one) => within(one.replace(/^[+-]/, ''), 1, to));
}

/** The parts of a rule, or what is wrong with it. */
export function checkRule(text: string): RuleParts | { readonly problem: string } {
  const parts = readParts(text);
  if ('problem' in parts) return parts;
  const has = (key: string): boolean => parts.has(key);
  const problem = misfit(parts.get('FREQ') ?? '', has, /\d/.test(parts.get('BYDAY') ?? ''));
  if (problem !== undefined) return { problem };
  const until = untilOf(parts.get('UNTIL'));
  if (until === 'bad') return { problem: UNTIL_RULE };
  const rest = [...parts].filter(([key]) => key !== 'UNTIL');
  const rule = rest.map(([key, value]) => `${key}=${value}`).join(';');
  return { parts, rule, ...present({ until }) };
}

function readParts(text: string): Map<string, string> | { readonly problem: string } {
  const parts = new Map<string, string>();
  for (const part of text.trim().toUpperCase().split(';')) {
    const [key = '', value = '', ...more] = part.split('=');
    const known = Object.hasOwn(PARTS, key) ? PARTS[key] : undefined;
    if (!known) return { problem: `write only ${Object.keys(PARTS).join(', ')}, not "${part}"` };
    if (parts.has(key)) return { problem: `write ${key} only once` };
    const { good, rule } = known;
    if (!good(value) || more.length > 0) return { problem: rule };
    parts.set(key, value);
  }
  return parts.has('FREQ') ? parts : { problem: FREQ_RULE };
}

/** What parts may not stand together: the RFC's own rules, and what it leaves open. `ordinal`: BYDAY has numbers. */
function misfit(freq: string, has: (key: string) => boolean, ordinal: boolean): string | undefined {
  const onlyYearly = ['BYYEARDAY', 'BYWEEKNO'].find((key) => has(key) && freq !== 'YEARLY');
  if (onlyYearly !== undefined) return `${onlyYearly} goes only with FREQ=YEARLY`;
  if (has('COUNT') && has('UNTIL')) return 'write COUNT or UNTIL, not both';
  if (has('BYMONTHDAY') && freq === 'WEEKLY') return 'BYMONTHDAY does not go with FREQ=WEEKLY';
  if (has('BYSETPOS') && !DAY_PARTS.some(has)) {
    return `BYSETPOS picks from other parts: write ${DAY_PARTS.join(' or ')}`;
  }
  return ordinal ? ordinalMisfit(freq, has) : undefined;
}

function ordinalMisfit(freq: string, has: (key: string) => boolean): string | undefined {
  if (freq !== 'MONTHLY' && freq !== 'YEARLY') {
    return 'a number in BYDAY goes only with FREQ=MONTHLY or YEARLY';
  }
  if (has('BYWEEKNO')) return 'a number in BYDAY does not go with BYWEEKNO';
  return freq === 'YEARLY' && has('BYMONTHDAY') && !has('BYMONTH')
    ? 'a number in BYDAY together with BYMONTHDAY needs BYMONTH'
    : undefined;
}

/** Parts that name days; a rule without them falls on the day of the week, month or year it begins on. */
const DAY_PARTS = ['BYDAY', 'BYMONTHDAY', 'BYYEARDAY'];

/** Why the rule says something else for every day it may begin on, and hence needs one; undefined when it does not. */
export function needsBegin({ parts }: RuleParts): string | undefined {
  if (parts.has('COUNT')) return 'COUNT counts from a day';
  if (parts.has('INTERVAL') && parts.get('INTERVAL') !== '1') return 'INTERVAL counts from a day';
  if (parts.get('FREQ') === 'DAILY' || DAY_PARTS.some((key) => parts.has(key))) return undefined;
  return `the rule names no day by ${DAY_PARTS.join(', ')}`;
}

function untilOf(text: string | undefined): RuleParts['until'] | 'bad' {
  if (text === undefined) return undefined;
  const [, year, month, day, hour, minute, second, zulu] =
    /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(text) ?? [];
  const time = hour === undefined ? '00:00:00' : `${hour}:${minute}:${second}`;
  const local = readLocal(`${year}-${month}-${day}T${time}`);
  if (local === undefined) return 'bad';
  if (zulu === 'Z') return { kind: 'instant', ms: local };
  // A day counts up to its end.
  return { kind: 'local', local: hour === undefined ? local + DAY_MS - 1 : local };
}
