import { ApplicationFailure, type LoadedDataConverter, type Payload } from '@temporalio/common';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type proto from '@temporalio/proto';
import { messageOf } from '../../domain/message-of.ts';
import { present } from '../../domain/present.ts';

export type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

/** Stands for what cannot be read: it is encrypted and there is no key, or it is none of ours. */
export class Unread {
  readonly because: string;

  constructor(because: string) {
    this.because = because;
  }
}

/** A failure in its own words. */
interface Failed {
  readonly message: string;
  readonly type?: string;
  /** It has words, and they cannot be read here. */
  readonly unread?: Unread;
}

/** One event of a history that tells something, in clear. */
export type Entry = { readonly atMs: number } & (
  | {
      readonly kind: 'started';
      readonly input: unknown;
      /** What a run before this one has handed over. */
      readonly carried: unknown;
      readonly client: string;
      readonly continues?: string;
    }
  | { readonly kind: 'planned'; readonly result: unknown }
  | {
      readonly kind: 'asked';
      readonly id: string;
      readonly activity: string;
      readonly input: unknown;
    }
  | {
      readonly kind: 'answered';
      readonly id: string;
      readonly result: unknown;
    }
  /** The activity has ended without an answer; without a failure it was cancelled. */
  | { readonly kind: 'given-up'; readonly id: string; readonly failure?: Failed }
  | { readonly kind: 'cancel-asked'; readonly id: string }
  | { readonly kind: 'attempted'; readonly id: string; readonly attempt: number }
  | {
      readonly kind: 'said';
      readonly name: string;
      readonly sent: unknown;
      readonly client: string;
      /** Of an update: by which its answer is found. */
      readonly id?: string;
    }
  | { readonly kind: 'update-answered'; readonly id: string; readonly answer: unknown }
  | { readonly kind: 'cancelled-by'; readonly client: string; readonly because: string }
  | { readonly kind: 'reset'; readonly because: string; readonly from: string }
  | { readonly kind: 'completed'; readonly result: unknown }
  | {
      readonly kind: 'failed' | 'cancelled' | 'terminated' | 'timed-out';
      readonly failure: Failed;
    }
  | { readonly kind: 'continued'; readonly as: string }
);

type Fields<T> = T extends { readonly atMs: number } ? Omit<T, 'atMs'> : never;
type Told = Fields<Entry>;
type Read = (event: HistoryEvent, decode: Decoder) => Promise<Told | undefined> | Told | undefined;

/** The events of one run in clear, as far as `converter` can read them. Never rejects for what an event contains. */
export async function readEntries(
  events: readonly HistoryEvent[],
  converter: LoadedDataConverter,
): Promise<Entry[]> {
  const decode = new Decoder(converter);
  const entries: Entry[] = [];
  for (const event of events) {
    for (const read of READERS) {
      const told = await read(event, decode);
      if (told) entries.push({ ...told, atMs: timeOf(event) });
    }
  }
  return entries;
}

/** Milliseconds; a long number is one of three kinds, by where the history comes from. */
function timeOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + Math.floor((eventTime?.nanos ?? 0) / 1e6);
}

type Payloads = { readonly payloads?: Payload[] | null } | null | undefined;

class Decoder {
  readonly #converter: LoadedDataConverter;

  constructor(converter: LoadedDataConverter) {
    this.#converter = converter;
  }

  async all(payloads: Payloads): Promise<unknown[]> {
    try {
      return await decodeArrayFromPayloads(this.#converter, payloads?.payloads);
    } catch (error) {
      return [new Unread(messageOf(error)), new Unread(messageOf(error))];
    }
  }

  async first(payloads: Payloads): Promise<unknown> {
    return (await this.all(payloads))[0];
  }

  async failure(
    failure: proto.temporal.api.failure.v1.IFailure | null | undefined,
  ): Promise<Failed> {
    try {
      const error = await decodeOptionalFailureToOptionalError(this.#converter, failure);
      const cause = innermost(error);
      const type = cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
      return { message: cause?.message ?? 'no reason given', ...present({ type }) };
    } catch (error) {
      return { message: 'its reason cannot be read', unread: new Unread(messageOf(error)) };
    }
  }
}

/** What an activity has failed with, not that it failed. */
function innermost(error: Error | undefined): Error | undefined {
  return error?.cause instanceof Error ? innermost(error.cause) : error;
}

const idOf = (id: { toString(): string } | null | undefined): string => String(id ?? '');

const readStart: Read = async ({ workflowExecutionStartedEventAttributes: start }, decode) => {
  if (!start) return undefined;
  const [input, carried] = await decode.all(start.input);
  return {
    kind: 'started',
    input,
    carried,
    client: start.identity ?? '',
    ...present({ continues: start.continuedExecutionRunId || undefined }),
  };
};

const LOCAL_ACTIVITY = 'core_local_activity';

const readPlan: Read = async ({ markerRecordedEventAttributes: marker }, decode) => {
  if (marker?.markerName !== LOCAL_ACTIVITY || marker.failure) return undefined;
  return { kind: 'planned', result: await decode.first(marker.details?.['result']) };
};

const readAsked: Read = async (
  { eventId, activityTaskScheduledEventAttributes: asked },
  decode,
) => {
  if (!asked) return undefined;
  const activity = asked.activityType?.name ?? '';
  return { kind: 'asked', id: idOf(eventId), activity, input: await decode.first(asked.input) };
};

const readAnswered: Read = async ({ activityTaskCompletedEventAttributes: done }, decode) => {
  if (!done) return undefined;
  return {
    kind: 'answered',
    id: idOf(done.scheduledEventId),
    result: await decode.first(done.result),
  };
};

const readGivenUp: Read = async (event, decode) => {
  const cancelled = event.activityTaskCanceledEventAttributes;
  if (cancelled) return { kind: 'given-up', id: idOf(cancelled.scheduledEventId) };
  const failed =
    event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
  if (!failed) return undefined;
  const failure = await decode.failure(failed.failure);
  return { kind: 'given-up', id: idOf(failed.scheduledEventId), failure };
};

const readAttempt: Read = ({ activityTaskStartedEventAttributes: started, ...event }) => {
  const cancel = event.activityTaskCancelRequestedEventAttributes;
  if (cancel) return { kind: 'cancel-asked', id: idOf(cancel.scheduledEventId) };
  if (!started) return undefined;
  return {
    kind: 'attempted',
    id: idOf(started.scheduledEventId),
    attempt: started.attempt ?? 1,
  };
};

const readSignal: Read = async ({ workflowExecutionSignaledEventAttributes: signal }, decode) => {
  if (!signal) return undefined;
  const { signalName, input, identity } = signal;
  return {
    kind: 'said',
    name: signalName ?? '',
    sent: await decode.first(input),
    client: identity ?? '',
  };
};

const readUpdate: Read = async (
  { workflowExecutionUpdateAcceptedEventAttributes: accepted },
  decode,
) => {
  const { meta, input } = accepted?.acceptedRequest ?? {};
  if (!input) return undefined;
  return {
    kind: 'said',
    id: meta?.updateId ?? '',
    name: input.name ?? '',
    sent: await decode.first(input.args),
    client: meta?.identity ?? '',
  };
};

const readUpdateAnswer: Read = async (
  { workflowExecutionUpdateCompletedEventAttributes: done },
  decode,
) => {
  if (!done) return undefined;
  const answer = await decode.first(done.outcome?.success);
  return { kind: 'update-answered', id: done.meta?.updateId ?? '', answer };
};

const readCancel: Read = ({ workflowExecutionCancelRequestedEventAttributes: cancel }) =>
  cancel
    ? { kind: 'cancelled-by', client: cancel.identity ?? '', because: cancel.cause ?? '' }
    : undefined;

const readReset: Read = ({ workflowTaskFailedEventAttributes: failed }) => {
  if (!failed?.failure?.resetWorkflowFailureInfo) return undefined;
  return { kind: 'reset', because: failed.failure.message ?? '', from: failed.baseRunId ?? '' };
};

const readEnd: Read = async (event, decode) => {
  const {
    workflowExecutionCompletedEventAttributes: completed,
    workflowExecutionContinuedAsNewEventAttributes: continued,
  } = event;
  if (completed) return { kind: 'completed', result: await decode.first(completed.result) };
  if (continued) return { kind: 'continued', as: continued.newExecutionRunId ?? '' };
  return await readOtherEnd(event, decode);
};

const readOtherEnd: Read = async (event, decode) => {
  const failed = event.workflowExecutionFailedEventAttributes;
  if (failed) return { kind: 'failed', failure: await decode.failure(failed.failure) };
  const cancelled = event.workflowExecutionCanceledEventAttributes;
  if (cancelled) return { kind: 'cancelled', failure: { message: 'it was cancelled' } };
  const terminated = event.workflowExecutionTerminatedEventAttributes;
  if (terminated) {
    const { reason, identity } = terminated;
    const message = `terminated by ${identity || 'somebody'}: ${reason || 'no reason given'}`;
    return { kind: 'terminated', failure: { message } };
  }
  if (!event.workflowExecutionTimedOutEventAttributes) return undefined;
  return { kind: 'timed-out', failure: { message: 'its time limit was over' } };
};

const READERS: readonly Read[] = [
  readStart,
  readPlan,
  readAsked,
  readAnswered,
  readGivenUp,
  readAttempt,
  readSignal,
  readUpdate,
  readUpdateAnswer,
  readCancel,
  readReset,
  readEnd,
];
