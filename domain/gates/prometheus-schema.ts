import { z } from 'zod';
import { alertmanager, type Alertmanager } from './alertmanager-schema.ts';
import { accessKeys, address, checkAccess, targetOf, type HttpTarget } from '../http-schema.ts';
import { present } from '../present.ts';
import { expressionProblem, readMatcher, type LabelMatcher } from './label-matcher.ts';
import { whenObject, oneOrMany, tellTo, type Tell } from './written-forms.ts';

/** Which alerts close the gate, and whom to ask. */

const STATES = ['firing', 'pending'] as const;
export type AlertState = (typeof STATES)[number];

export interface AlertFilter {
  /** Alerts whose name matches do not count. */
  readonly ignore?: string;
  /** Only alerts whose name matches count. */
  readonly only?: string;
  /** The expressions have to match the whole name. */
  readonly anchored: boolean;
  readonly states: readonly AlertState[];
  readonly matchers: readonly LabelMatcher[];
}

/** One Prometheus and what is asked of it: its alerts, or a query of the user's own. */
export interface PrometheusRules {
  readonly target: HttpTarget;
  readonly asks:
    | ({ readonly kind: 'alerts' } & AlertFilter)
    | { readonly kind: 'query'; readonly query: string; readonly threshold: number };
  readonly alertmanager?: Alertmanager;
}

const expression = (what: string) =>
  z
    .string('write an expression like "^(Watchdog|RebootRequired)$"')
    .min(1, 'write an expression like "^(Watchdog|RebootRequired)$", or leave it out')
    .superRefine((text, context) => {
      const problem = expressionProblem(text);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .optional()
    .describe(what);

const MATCHERS_RULE = 'write a list of matchers, like [\'severity=~"critical|page"\']';
const matcher = z
  .string('write a matcher like severity=~"critical|page"')
  .transform((text, context): LabelMatcher => {
    const read = readMatcher(text);
    if (!('problem' in read)) return read;
    context.addIssue({ code: 'custom', message: read.problem });
    return z.NEVER;
  });

const STATES_RULE = 'write states like [firing] or [firing, pending]';
const THRESHOLD_RULE = 'write a number';
const ALERTS_RULE = 'write alerts like { prometheus: "http://prometheus.monitoring:9090" }';

/** Defaults are filled in below: here one sees which keys were written. */
const fields = z.strictObject(
  {
    prometheus: address.describe('Address of a Prometheus, or of what answers as one'),
    ignore: expression('Alerts whose name this expression (RE2, as in Go) matches do not count'),
    only: expression('Only alerts whose name this expression matches count'),
    anchored: z.boolean('write true or false').optional().meta({
      description:
        'true: ignore and only have to match the whole name. false: any part of it, as in kured',
      default: false,
    }),
    states: z
      .array(z.enum(STATES, STATES_RULE), STATES_RULE)
      .min(1, STATES_RULE)
      .optional()
      .meta({ description: 'States in which an alert counts', default: STATES }),
    matchers: z
      .array(matcher, MATCHERS_RULE)
      .optional()
      .describe('Only alerts with these labels count; each has to hold'),
    query: z
      .string('write a PromQL query')
      .trim()
      .min(1, 'write a PromQL query')
      .optional()
      .describe('In place of the alerts: closed when any value this PromQL gives is too high'),
    threshold: z
      .number(THRESHOLD_RULE)
      .optional()
      .meta({ description: 'With query: a value above it closes the gate', default: 0 }),
    alertmanager: alertmanager.optional(),
    ...accessKeys,
  },
  { error: (issue) => (issue.code === 'invalid_type' ? ALERTS_RULE : undefined) },
);

/** What makes no sense beside a query, which chooses by itself. */
const FOR_ALERTS = ['ignore', 'only', 'anchored', 'states', 'matchers', 'alertmanager'] as const;

function checkKeys(written: object, tell: Tell): void {
  const has = (key: string): boolean => Object.hasOwn(written, key);
  if (has('query')) {
    for (const key of FOR_ALERTS.filter(has)) tell(key, `${key} does not go with query`);
  } else if (has('threshold')) {
    tell('threshold', 'threshold goes with query: leave it out');
  }
  if (has('anchored') && !has('ignore') && !has('only') && !has('query')) {
    tell('anchored', 'anchored goes with ignore or only: leave it out');
  }
  checkAccess(written, 'prometheus', tell);
}

function rulesOf(written: z.output<typeof fields>): PrometheusRules {
  const target = targetOf(written.prometheus, written);
  const { query, threshold = 0, ignore, only } = written;
  if (query !== undefined) return { target, asks: { kind: 'query', query, threshold } };
  const { anchored = false, states = STATES, matchers = [] } = written;
  const expressions = { ...present({ ignore, only }) };
  return {
    target,
    asks: { kind: 'alerts', ...expressions, anchored, states, matchers },
    ...present({ alertmanager: written.alertmanager }),
  };
}

const one = fields
  .superRefine((written, context) => checkKeys(written, tellTo(context)), whenObject)
  .transform(rulesOf);

export const prometheis = oneOrMany(one, ALERTS_RULE);
