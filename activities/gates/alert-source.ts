import type { HttpTarget } from '../../domain/http-schema.ts';
import { readSilencedAlerts } from '../../domain/gates/alertmanager-answer.ts';
import {
  judgeSamples,
  queryOf,
  type AlertObservation,
  type Silenced,
} from '../../domain/gates/alert-samples.ts';
import {
  NO_PROMETHEUS,
  readPrometheusAnswer,
  type Sample,
} from '../../domain/gates/prometheus-answer.ts';
import type { PrometheusRules } from '../../domain/gates/prometheus-schema.ts';
import { messageOf } from '../../domain/message-of.ts';
import { exchange, sayAnswer, type HttpAnswer } from '../http.ts';
import type { Secrets } from '../secrets.ts';
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
        const answer = await askPrometheus(target, query, this.secrets);
        const { status, redact } = answer;
        const read = readPrometheusAnswer(answer.text);
        if ('refusal' in read && REFUSED.has(status)) {
          return { problem: `it refuses the query: ${sayAnswer(answer, read.refusal)}` };
        }
        if ('refusal' in read) return { problem: sayAnswer(answer, read.refusal) };
        if (status !== 200) return { problem: sayAnswer(answer) };
        if (!('problem' in read)) return read;
        if (read.problem !== NO_PROMETHEUS) return { problem: redact(read.problem) };
        return { problem: `${NO_PROMETHEUS}: ${sayAnswer(answer)}` };
      }),
    );
  }

  private silenced(target: HttpTarget, maxAgeMs: number): Promise<Silenced> {
    return this.alertmanagers.at(JSON.stringify(target), maxAgeMs, () =>
      orProblem(async () => {
        const path = '/api/v2/alerts?active=false&silenced=true&inhibited=false&unprocessed=false';
        const answer = await exchange(target, { method: 'GET', path }, this.secrets);
        if (answer.status !== 200) return { problem: `${target.url}: ${sayAnswer(answer)}` };
        const read = readSilencedAlerts(answer.text);
        if (!('problem' in read)) return read;
        return { problem: `${target.url}: ${read.problem}: ${sayAnswer(answer)}` };
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
    return { problem: `${where}${messageOf(error)}` };
  }
}

/** What is wrong then is the query, not the server. */
const REFUSED = new Set([400, 422]);

/** Some proxies in front of it allow GET only; the official client tries that too. */
const GET_INSTEAD = new Set([403, 405, 501]);

async function askPrometheus(
  target: HttpTarget,
  query: string,
  secrets: Secrets,
): Promise<HttpAnswer> {
  // Nobody waits for the answer of a query that takes longer.
  const form = new URLSearchParams({ query, timeout: `${target.deadlineMs}ms` }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const post = { method: 'POST', path: '/api/v1/query', headers, body: form };
  const answer = await exchange(target, post, secrets);
  if (!GET_INSTEAD.has(answer.status)) return answer;
  return await exchange(target, { method: 'GET', path: `/api/v1/query?${form}` }, secrets);
}
