import { z } from 'zod';
import { longerThanZero } from '../duration-schema.ts';
import { accessKeys, address, checkAccess, targetOf, type HttpTarget } from '../http-schema.ts';
import { present } from '../present.ts';
import { whenObject, tellTo } from './written-forms.ts';

/** The Alertmanager beside a Prometheus. */
export interface Alertmanager {
  readonly target: HttpTarget;
  /** Alerts it has silenced do not close the gate. */
  readonly respectSilences: boolean;
  /** The silence of our own for the alerts of a node while it is rolled out. */
  readonly silence?: NodeSilence;
}

export interface NodeSilence {
  /** How long it holds when it is not renewed any more. */
  readonly forMs: number;
  /** Labels that name the node, by its name alone or with a port. */
  readonly labels: readonly string[];
}

const SILENCE_RULE = 'write silence like { for: 5m, labels: [node] }';
const LABELS_RULE = 'write the names of labels, like [node, instance]';
const SHORTEST_FOR_MS = 60_000;
const LONGEST_FOR_MS = 3_600_000;

const silence = z
  .strictObject(
    {
      for: longerThanZero
        .refine(
          (ms) => ms >= SHORTEST_FOR_MS && ms <= LONGEST_FOR_MS,
          'write a duration from 1m to 1h',
        )
        .prefault('5m')
        .describe('It holds for so long; it is renewed while the rollout is under way'),
      labels: z
        .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, LABELS_RULE), LABELS_RULE)
        .min(1, LABELS_RULE)
        .default(['node'])
        .describe("Labels that hold the node's name, alone or with a port; a silence for each"),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? SILENCE_RULE : undefined) },
  )
  .transform(({ for: forMs, labels }): NodeSilence => ({ forMs, labels }))
  .optional()
  .describe("Silences the node's alerts while it is rolled out; absent: it does not");

const ALERTMANAGER_RULE = 'write alertmanager like { url: "http://alertmanager.monitoring:9093" }';

export const alertmanager = z
  .strictObject(
    {
      url: address.describe('Address of the Alertmanager'),
      respectSilences: z
        .boolean('write true or false')
        .default(true)
        .describe('Alerts that are silenced there do not close the gate'),
      silence,
      ...accessKeys,
    },
    { error: (issue) => (issue.code === 'invalid_type' ? ALERTMANAGER_RULE : undefined) },
  )
  .superRefine((written, context) => checkAccess(written, 'url', tellTo(context)), whenObject)
  .transform((written): Alertmanager => ({
    target: targetOf(written.url, written),
    respectSilences: written.respectSilences,
    ...present({ silence: written.silence }),
  }))
  .describe('The Alertmanager it sends its alerts to');
