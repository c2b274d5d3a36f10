import { matching, nameTest } from './label-matcher.ts';
import { words } from '../outside.ts';
import type { Sample } from './prometheus-answer.ts';
import type { AlertFilter, AlertState, PrometheusRules } from './prometheus-schema.ts';

/** What one Prometheus says. `where` is its address. */
export type AlertObservation = { readonly where: string } & (
  | { readonly kind: 'quiet' }
  /** Names of the alerts that count, each once, sorted. */
  | {
      readonly kind: 'alerts';
      readonly firing: readonly string[];
      readonly pending: readonly string[];
      /** Why it is not known which of them are silenced. */
      readonly silencesUnknown?: string;
    }
  /** Which series of the user's own query are above its threshold, sorted; "" is a value without labels. */
  | {
      readonly kind: 'above';
      readonly query: string;
      readonly threshold: number;
      readonly series: readonly string[];
    }
  | { readonly kind: 'unknown'; readonly because: string }
);

/** What an instant query has to ask. */
export function queryOf({ asks }: PrometheusRules): string {
  return asks.kind === 'query' ? asks.query : 'ALERTS';
}

type Labels = Readonly<Record<string, string>>;

/** The labels of the alerts an Alertmanager has silenced; or why they are not known. */
export type Silenced = { readonly alerts: readonly Labels[] } | { readonly problem: string };

/** What a Prometheus that was asked `queryOf(rules)` says about the gate. `silenced`: absent where nobody is asked. */
export function judgeSamples(
  rules: PrometheusRules,
  samples: readonly Sample[],
  silenced?: Silenced,
): AlertObservation {
  const where = rules.target.url;
  const { asks } = rules;
  return asks.kind === 'query'
    ? { where, ...judgeQuery(asks, samples) }
    : { where, ...judgeAlerts(asks, samples, silenced) };
}

/** NaN is above nothing. */
function judgeQuery(
  { query, threshold }: Extract<PrometheusRules['asks'], { kind: 'query' }>,
  samples: readonly Sample[],
) {
  const above = samples.filter(({ value }) => value > threshold);
  if (above.length === 0) return { kind: 'quiet' as const };
  const series = above.map(({ labels }) => sayLabels(labels)).toSorted();
  return { kind: 'above' as const, query, threshold, series };
}

/** As Prometheus writes a series: `up{job="api"}`. */
function sayLabels({ __name__: name = '', ...labels }: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return words(pairs.length === 0 ? name : `${name}{${pairs.toSorted().join(', ')}}`);
}

function judgeAlerts(filter: AlertFilter, samples: readonly Sample[], silenced?: Silenced) {
  const counts = countingTest(filter);
  const alerts = samples.filter((sample) => counts(sample));
  const known = silenced && 'alerts' in silenced ? silenced.alerts : [];
  const heard = alerts.filter(({ labels }) => !isSilenced(labels, known));
  if (heard.length === 0) return { kind: 'quiet' as const };
  return {
    kind: 'alerts' as const,
    firing: namesIn(heard, 'firing'),
    pending: namesIn(heard, 'pending'),
    ...(silenced && 'problem' in silenced && { silencesUnknown: silenced.problem }),
  };
}

function countingTest(filter: AlertFilter): (sample: Sample) => boolean {
  const { ignore, only, anchored, states } = filter;
  const ignores = ignore === undefined ? () => false : nameTest(ignore, anchored);
  const wants = only === undefined ? () => true : nameTest(only, anchored);
  const matches = matching(filter.matchers);
  return ({ labels, value }) => {
    const { alertname: name, alertstate: state } = labels;
    // As kured: a series without a name is no alert, and 0 is an alert that is over.
    if (name === undefined || value === 0) return false;
    if (!states.some((one) => one === state)) return false;
    return wants(name) && !ignores(name) && matches(labels);
  };
}

const LONGEST_NAME = 100;

function namesIn(alerts: readonly Sample[], state: AlertState): string[] {
  const names = alerts.flatMap(({ labels }) =>
    labels['alertstate'] === state ? [words(labels['alertname'] ?? '', LONGEST_NAME)] : [],
  );
  return [...new Set(names)].toSorted();
}

/**
 * An alert in Prometheus is the one in Alertmanager that has all of its labels: on the way external labels are added. Where
 * labels were changed on the way it is not found, and counts.
 */
function isSilenced(labels: Labels, silenced: readonly Labels[]): boolean {
  const sent = Object.entries(labels).filter(([label]) => !OF_THE_SERIES.has(label));
  return silenced.some((alert) => sent.every(([label, value]) => alert[label] === value));
}

/** What the series ALERTS has beside the labels of the alert. */
const OF_THE_SERIES: ReadonlySet<string> = new Set(['__name__', 'alertstate']);
