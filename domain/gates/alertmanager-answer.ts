import { z } from 'zod';
import { parseJson } from '../fields.ts';
import type { Silenced } from './alert-samples.ts';

/** What Alertmanager answers (prometheus/alertmanager, api/v2/openapi.yaml). */

const Alerts = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    status: z.object({ silencedBy: z.array(z.string()) }),
  }),
);

const NOT_UNDERSTOOD = { problem: 'its answer is not that of an Alertmanager' } as const;

/** The alerts that a silence holds back, of those it was asked for. */
export function readSilencedAlerts(text: string): Silenced {
  const parsed = Alerts.safeParse(parseJson(text));
  if (!parsed.success) return NOT_UNDERSTOOD;
  const silenced = parsed.data.filter(({ status }) => status.silencedBy.length > 0);
  return { alerts: silenced.map(({ labels }) => labels) };
}

const Silences = z.array(
  z.object({
    id: z.string(),
    status: z.object({ state: z.string() }),
    createdBy: z.string(),
    comment: z.string(),
    startsAt: z.string(),
    matchers: z.array(z.object({ name: z.string() })),
  }),
);

export type Silence = z.output<typeof Silences>[number];

/** Every silence it knows, expired ones too; undefined when the answer is another. */
export function readSilences(text: string): readonly Silence[] | undefined {
  const parsed = Silences.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}
