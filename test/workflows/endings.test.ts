import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { FAILURES, type FailureKind } from '../../domain/failures.ts';
import { OUTCOMES } from '../../domain/status.ts';
import { HISTORIES, recordedIn } from './recorded.ts';

const recorded = recordedIn(HISTORIES);

/** Failures of activities that are no ending of a rollout, and why. */
const NO_ENDING: ReadonlySet<string> = new Set([
  // The rollout starts over from what it sees.
  'run-changed',
  // It ends with this as its outcome.
  'node-gone',
] satisfies FailureKind[]);
const ENDINGS = Object.entries(FAILURES).flatMap(([kind, { retry }]) =>
  retry || NO_ENDING.has(kind) ? [] : [kind],
);

interface LastEvent {
  readonly eventType: string;
  readonly workflowExecutionCompletedEventAttributes?: {
    readonly result?: { readonly payloads: readonly { readonly data: string }[] };
  };
  readonly workflowExecutionFailedEventAttributes?: {
    readonly failure: { readonly applicationFailureInfo?: { readonly type: string } };
  };
}

/** How the recorded workflow ended: its outcome, the kind of its failure, or the name of its last event. */
function endOf(path: string): string | undefined {
  const { events } = JSON.parse(readFileSync(join(HISTORIES, path), 'utf8')) as {
    events: readonly LastEvent[];
  };
  const last = events.at(-1);
  return last && (outcomeOf(last) ?? failureOf(last) ?? last.eventType);
}

function outcomeOf({ workflowExecutionCompletedEventAttributes: end }: LastEvent) {
  const [answer] = end?.result?.payloads ?? [];
  if (!answer) return undefined;
  const { outcome } = JSON.parse(atob(answer.data)) as { outcome?: string };
  return outcome;
}

function failureOf({ workflowExecutionFailedEventAttributes: end }: LastEvent) {
  return end?.failure.applicationFailureInfo?.type;
}

test.each([...OUTCOMES, ...ENDINGS, 'EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED'])(
  'the ending %s is among the recorded histories',
  (end) => {
    expect(recorded.map(endOf)).toContain(end);
  },
);

test.each([
  'pool-lock',
  'lock-lost',
  'lock-settles',
  'excused',
  'turn-passed',
  'start-over',
  'reset',
  'fleet-scan',
  'notifier',
])('a %s is among the recorded histories, too', (name) => {
  expect(recorded.some((path) => path.endsWith(`/${name}.json`))).toBe(true);
});
