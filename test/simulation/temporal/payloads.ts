import {
  DefaultFailureConverter,
  type Payload,
  type PayloadConverter,
  type ProtoFailure,
} from '@temporalio/common';

/** JSON, as in production, but left as text: most of what a simulation would cost otherwise is bytes copied to and fro. */
export const payloads: PayloadConverter = {
  toPayload: (value) => ({ json: JSON.stringify(value) }) as Payload,
  fromPayload: (payload) => {
    const { json } = payload as { json?: string };
    return (json === undefined ? undefined : JSON.parse(json)) as never;
  },
};

const failures = new DefaultFailureConverter();

export const toFailure = (error: unknown): ProtoFailure => failures.errorToFailure(error, payloads);

export const toPayloads = (...values: readonly unknown[]): Payload[] =>
  values.map((value) => payloads.toPayload(value));

export const fromPayloads = (given: readonly Payload[] | null | undefined): unknown[] =>
  (given ?? []).map((payload) => payloads.fromPayload(payload));
