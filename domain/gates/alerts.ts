import type { AlertObservation } from './alert-samples.ts';
import { NOT_IN_DRAIN } from './gate.ts';
import { fewOf, outsideGate } from './outside-gate.ts';
import { prometheis } from './prometheus-schema.ts';

/** Closed while alerts are active, or a query of the user's own is above its threshold. */
export const alerts = outsideGate({
  key: prometheis
    .optional()
    .describe('Nothing is taken out while alerts are active; one Prometheus, or a list'),
  moments: NOT_IN_DRAIN,
  rights: [],
  questions: (rules) => ({ prometheis: rules }),
  judge(_, answers) {
    const reasons = answers.prometheis.flatMap((observation) => sayAlerts(observation) ?? []);
    return reasons.length === 0 ? undefined : reasons.join('; ');
  },
});

function sayAlerts(seen: AlertObservation): string | undefined {
  switch (seen.kind) {
    case 'quiet':
      return undefined;
    case 'alerts': {
      const states = [inState(seen.firing, 'firing'), inState(seen.pending, 'pending')];
      const unknown =
        seen.silencesUnknown === undefined ? '' : `, silences unknown: ${seen.silencesUnknown}`;
      return `${states.filter((words) => words !== '').join(', ')} (${seen.where}${unknown})`;
    }
    case 'above': {
      const { query, threshold, series, where } = seen;
      const of = fewOf(series.filter((labels) => labels !== ''));
      return `"${shortened(query)}" is above ${threshold}${of === '' ? '' : ` for ${of}`} (${where})`;
    }
    case 'unknown':
      return `${seen.where} cannot be asked: ${seen.because}`;
    default:
      return seen satisfies never;
  }
}

const inState = (names: readonly string[], state: string): string =>
  names.length === 0 ? '' : `${fewOf(names)} ${state}`;

const LONGEST = 120;
const shortened = (text: string): string =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
