import { z } from 'zod';
import { longerThanZero } from '../duration-schema.ts';
import { whenObject } from '../gates/written-forms.ts';
import { checkTls, tls } from '../http-schema.ts';
import { present } from '../present.ts';
import { parseCron } from './cron.ts';
import { date, endOfDay, timeOfDay, timeZone } from './field-schemas.ts';
import { checkRule, needsBegin } from './recurrence-rule.ts';
import { parseRecurrence } from './recurrence.ts';
import { DAY_MS } from './wall-clock.ts';
import type { Window } from './window.ts';

/** How windows are written in the policy, and what is made of them. */

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const DAYS_RULE = 'write days like [mon, tue, wed, thu, fri, sat, sun]';

/** Longer ones are written as what they are: several, or always. */
const LONGEST_FOR_MS = 31 * DAY_MS;

/** A rule without a day to begin on is walked from this one, a Monday and the first day of a year. */
const SOME_DAY = Date.UTC(2024, 0, 1);

/** What a rule may say depends on whether it has a day to begin on. */
function ruleProblem(text: string, begin: number | undefined): string | undefined {
  const rule = checkRule(text);
  if ('problem' in rule) return rule.problem;
  const needs = begin === undefined ? needsBegin(rule) : undefined;
  if (needs !== undefined) return `${needs}: write from: with the first day, like 2026-12-05`;
  const parsed = parseRecurrence(text, { local: begin ?? SOME_DAY, counts: false });
  return 'problem' in parsed ? parsed.problem : undefined;
}

const LONGEST_PLACE = 4_095;
const CALENDAR_RULE = 'write the path of an .ics file, or an address that begins with https://';

const fields = z.strictObject(
  {
    always: z
      .literal(true, 'write always: true, or another window')
      .optional()
      .describe('Open at every hour; must be written out'),
    days: z
      .array(z.enum(DAYS, DAYS_RULE), DAYS_RULE)
      .min(1, DAYS_RULE)
      .optional()
      .describe('Days of the week on which it opens, with start and end'),
    cron: z
      .string('write a cron of five fields, such as "0 22 * * 2#2"')
      .superRefine((text, context) => {
        const parsed = parseCron(text);
        if ('problem' in parsed) context.addIssue({ code: 'custom', message: parsed.problem });
      })
      .optional()
      .describe(
        'Opens when this cron fires, with for; "2#2" is the second Tuesday, "5L" the last Friday',
      ),
    rrule: z
      .string('write a rule as in RFC 5545, such as FREQ=MONTHLY;BYDAY=1MO')
      .transform((text) => text.trim().replace(/^RRULE:/i, ''))
      .optional()
      .describe('Opens on the days of this recurrence rule (RFC 5545), with start and for'),
    dates: z
      .array(date, 'write dates like [2026-12-05, 2027-01-16]')
      .min(1, 'write at least one date, like [2026-12-05]')
      .optional()
      .describe('Opens on these days, with start and for'),
    calendar: z
      .string(CALENDAR_RULE)
      .refine(isCalendarPlace, CALENDAR_RULE)
      .optional()
      .describe(
        'Open during the events of this iCalendar file or https address; a path is relative to the policy file',
      ),
    start: timeOfDay.optional().describe('Time of day at which it opens'),
    end: endOfDay
      .optional()
      .describe('Time of day at which it closes, on the next day when it is before start'),
    for: longerThanZero
      .refine((ms) => ms <= LONGEST_FOR_MS, 'write a duration of at most 31d')
      .optional()
      .describe('How long it stays open, as elapsed time'),
    from: date.optional().describe('The first day of an rrule; INTERVAL and COUNT count from it'),
    timeZone: timeZone.optional(),
    tls,
  },
  { error: (issue) => (issue.code === 'invalid_type' ? WINDOW_RULE : undefined) },
);

const WINDOW_RULE = 'write a window like { days: [sat], start: "22:00", end: "04:00" }';

function isCalendarPlace(text: string): boolean {
  // URL reads line breaks away, and a path may not end at one.
  if (/\p{C}/u.test(text) || text.length > LONGEST_PLACE) return false;
  if (text.startsWith('https://')) return !/[\s\\]/.test(text) && URL.canParse(text);
  return text.trim() !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(text);
}

type Fields = z.output<typeof fields>;
type Key = keyof Fields;

/** What each kind of window needs and may have beside the key it is known by. */
const KINDS = {
  always: { needs: [], may: [] },
  days: { needs: ['start', 'end'], may: ['timeZone'] },
  cron: { needs: ['for'], may: ['timeZone'] },
  rrule: { needs: ['start', 'for'], may: ['from', 'timeZone'] },
  dates: { needs: ['start', 'for'], may: ['timeZone'] },
  calendar: { needs: [], may: ['timeZone', 'tls'] },
} as const satisfies Partial<Record<Key, { needs: readonly Key[]; may: readonly Key[] }>>;

type Kind = keyof typeof KINDS;
const KIND_NAMES = Object.keys(KINDS) as Kind[];

const EXAMPLES: Partial<Record<Key, string>> = {
  start: 'start, such as start: "22:00"',
  end: 'end, such as end: "04:00"',
  for: 'for, such as for: 4h',
};

type Tell = (path: readonly Key[], message: string) => void;

/** Which keys go together. Judged on what is written, so that it is told together with what is wrong inside the keys. */
function checkKeys(written: object, tell: Tell): void {
  const has = (key: Key): boolean => Object.hasOwn(written, key);
  const [kind, ...more] = KIND_NAMES.filter(has);
  if (!kind) return tell([], `write one of ${KIND_NAMES.join(', ')}`);
  if (more.length > 0) {
    return tell([], `write ${[kind, ...more].join(' and ')} as windows of their own`);
  }
  const { needs, may }: { needs: readonly Key[]; may: readonly Key[] } = KINDS[kind];
  for (const key of needs) {
    if (!has(key)) tell([], `a window by ${kind} needs ${EXAMPLES[key]}`);
  }
  const known: readonly Key[] = [kind, ...needs, ...may];
  for (const key of Object.keys(fields.shape) as Key[]) {
    if (has(key) && !known.includes(key))
      tell([key], `${key} does not go with ${kind}: leave it out`);
  }
  if (kind !== 'calendar') return;
  const { tls: files, calendar } = written as { tls?: unknown; calendar?: unknown };
  checkTls(files, calendar, (_, message) => tell(['tls'], message));
}

/** What only several keys together can get wrong. */
function checkValues({ start, end, rrule, from }: Fields, tell: Tell): void {
  if (start !== undefined && start === end) {
    tell(['end'], 'write an end other than the start; a whole day is "00:00" to "24:00"');
  }
  // A day that could not be read has been told of already.
  if (rrule === undefined || typeof from === 'string') return;
  const problem = ruleProblem(rrule, from);
  if (problem !== undefined) tell(['rrule'], problem);
}

/** What is made of a window's keys, once they have been checked. */
const MAKE: Readonly<Record<Kind, (written: Fields) => Window>> = {
  always: () => ({ kind: 'always' }),
  days: ({ days = [], start: startMs = 0, end = 0 }) => ({
    kind: 'days',
    days: days.map((day) => DAYS.indexOf(day)),
    startMs,
    endMs: end > startMs ? end : end + DAY_MS,
  }),
  cron: ({ cron = '', for: forMs = 0 }) => ({ kind: 'cron', cron, forMs }),
  rrule: ({ rrule = '', from: fromDay = SOME_DAY, start: startMs = 0, for: forMs = 0 }) => ({
    kind: 'rrule',
    rrule,
    fromDay,
    startMs,
    forMs,
  }),
  dates: ({ dates = [], start: startMs = 0, for: forMs = 0 }) => ({
    kind: 'dates',
    dates: dates.toSorted((one, other) => one - other),
    startMs,
    forMs,
  }),
  calendar: ({ calendar = '', tls: files }) => ({
    kind: 'calendar',
    calendar,
    ...present({ tls: files }),
  }),
};

function windowOf(written: Fields): Window {
  const kind = KIND_NAMES.find((name) => Object.hasOwn(written, name)) ?? 'always';
  const window = MAKE[kind](written);
  return written.timeZone === undefined ? window : { ...window, timeZone: written.timeZone };
}

const tellTo =
  (context: { addIssue(issue: { code: 'custom'; path: Key[]; message: string }): void }): Tell =>
  (path, message) =>
    context.addIssue({ code: 'custom', path: [...path], message });

const window = fields
  // The keys are judged whatever is wrong inside them, so that everything is told at once.
  .superRefine((written, context) => checkKeys(written, tellTo(context)), whenObject)
  .superRefine((written, context) => checkValues(written, tellTo(context)))
  .transform(windowOf)
  // For editors and the chart, which know the JSON Schema only.
  .meta({ oneOf: KIND_NAMES.map((kind) => ({ required: [kind, ...KINDS[kind].needs] })) });

export const windows = z
  .array(window, 'write a list of windows')
  .describe('When nodes may be taken out of service; none: never');
