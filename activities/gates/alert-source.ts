import type { HttpTarget } from '../../domain/gates/http-schema.ts';
import { readSilencedAlerts } from '../../domain/gates/alertmanager-answer.ts';
import {
  judgeSamples,
  queryOf,
  type AlertObservation,
  type Silenced,
} from '../../domain/gates/alert-samples.ts';
import { readPrometheusAnswer, type Sample } from '../../domain/gates/prometheus-answer.ts';
import type { PrometheusRules } from '../../domain/gates/prometheus-schema.ts';
import { exchange, sayStatus, type HttpAnswer, type HttpRequest } from './http.ts';
import type { Secrets } from './secrets.ts';
import { SharedAnswers } from '../shared-answers.ts';

/** What Prometheus says about the alerts gate. */
export interface AlertSource {
  /**
   * Never rejects: a Prometheus that cannot be asked is an observation of its own, and closes the gate. What it said at most
   * `maxAgeMs` ago to anybody else will do.
   */
  observe(rules: PrometheusRules, maxAgeMs: number): Promise<AlertObservation>;
}

type Samples = { readonly samples: readonly Sample[] } | { readonly problem: string };

/** The AlertSource of real servers. */
export class HttpAlertSource implements AlertSource {
  private readonly secrets: Secrets;
  private readonly prometheus = new SharedAnswers<Samples>();
  private readonly alertmanagers = new SharedAnswers<Silenced>();

  constructor(secrets: Secrets) {
    this.secrets = secrets;
  }

  async observe(rules: PrometheusRules, maxAgeMs: number): Promise<AlertObservation> {
    const { target, alertmanager } = rules;
    // Side by side, so that the deadlines do not add up.
    const [answer, silenced] = await Promise.all([
      this.ask(target, queryOf(rules), maxAgeMs),
      alertmanager?.respectSilences ? this.silenced(alertmanager.target, maxAgeMs) : undefined,
    ]);
    if ('problem' in answer) return { where: target.url, kind: 'unknown', because: answer.problem };
    return judgeSamples(rules, answer.samples, silenced);
  }

  /** Pools that choose other alerts of the same Prometheus share one answer. */
  private ask(target: HttpTarget, query: string, maxAgeMs: number): Promise<Samples> {
    const key = JSON.stringify([target, query]);
    return this.prometheus.at(key, maxAgeMs, () =>
      orProblem(async () => {
        const { status, text, redact } = await askPrometheus(target, query, this.secrets);
        const read = readPrometheusAnswer(text);
        if ('refusal' in read) return { problem: redact(`it refuses the query: ${read.refusal}`) };
        if (status !== 200) return { problem: sayStatus(status) };
        return 'problem' in read ? { problem: redact(read.problem) } : read;
      }),
    );
  }

  private silenced(target: HttpTarget, maxAgeMs: number): Promise<Silenced> {
    return this.alertmanagers.at(JSON.stringify(target), maxAgeMs, () =>
      orProblem(async () => {
        const path = '/api/v2/alerts?active=false&silenced=true&inhibited=false&unprocessed=false';
        const answer = await exchange(target, { method: 'GET', path }, this.secrets);
        if (answer.status !== 200) return { problem: `${target.url}: ${sayStatus(answer.status)}` };
        const read = readSilencedAlerts(answer.text);
        return 'problem' in read ? { problem: `${target.url}: ${read.problem}` } : read;
      }, `${target.url}: `),
    );
  }
}

async function orProblem<T>(
  work: () => Promise<T | { problem: string }>,
  where = '',
): Promise<T | { problem: string }> {
  try {
    return await work();
  } catch (error) {
    return { problem: `${where}${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Some proxies in front of it allow GET only; the official client tries that too. */
const GET_INSTEAD = new Set([403, 405, 501]);

async function askPrometheus(
  target: HttpTarget,
  query: string,
  secrets: Secrets,
): Promise<HttpAnswer> {
  // Nobody waits for the answer of a query that takes longer.
  const form = new URLSearchParams({ query, timeout: `${target.deadlineMs}ms` }).toString();
  const post: HttpRequest = {
    method: 'POST',
    path: '/api/v1/query',
    body: { type: 'application/x-www-form-urlencoded', text: form },
  };
  const answer = await exchange(target, post, secrets);
  if (!GET_INSTEAD.has(answer.status)) return answer;
  return await exchange(target, { method: 'GET', path: `/api/v1/query?${form}` }, secrets);
}
