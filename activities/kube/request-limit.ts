import {
  Observable,
  type ConfigurationOptions,
  type ObservableMiddleware,
} from '@kubernetes/client-node';

/** Longer than any admission webhook may take (30 s); an API server that accepts and never answers must not hold us up. */
const ANSWER_WITHIN_MS = 35_000;

/** Options of one client-node call: it ends when `signal` aborts, and when no answer has come for long. */
export function limited(signal?: AbortSignal): ConfigurationOptions {
  const deadline = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const limit = signal ? AbortSignal.any([signal, deadline]) : deadline;
  const middleware: ObservableMiddleware = {
    pre(request) {
      request.setSignal(limit);
      return new Observable(Promise.resolve(request));
    },
    post: (response) => new Observable(Promise.resolve(response)),
  };
  return { middleware: [middleware], middlewareMergeStrategy: 'append' };
}
