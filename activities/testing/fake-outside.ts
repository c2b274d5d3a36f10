import type { AlertObservation } from '../../domain/gates/alert-samples.ts';
import type { ObjectAnswer, ObjectQuestion } from '../../domain/gates/outside-gate.ts';
import type { HttpTarget } from '../../domain/http-schema.ts';
import type { PrometheusRules } from '../../domain/gates/prometheus-schema.ts';
import type { Policy } from '../../domain/policy.ts';
import type { AlertSource } from '../gates/alert-source.ts';
import type { SilencedRollout, Silences } from '../gates/silences.ts';
import type { ObjectApi } from '../kube/objects.ts';

/** Prometheis by their address; one that the test does not name is quiet. */
export class FakeAlerts implements AlertSource {
  readonly observations = new Map<string, AlertObservation | Promise<AlertObservation>>();
  readonly asked: { readonly url: string; readonly maxAgeMs: number }[] = [];

  async observe({ target: { url } }: PrometheusRules, maxAgeMs: number): Promise<AlertObservation> {
    this.asked.push({ url, maxAgeMs });
    return (await this.observations.get(url)) ?? { where: url, kind: 'quiet' };
  }
}

/** Objects by their resource; of one that the test does not name there is one for each name, empty, and none in a list. */
export class FakeObjects implements ObjectApi {
  readonly answers = new Map<string, ObjectAnswer>();
  readonly asked: (ObjectQuestion & { readonly maxAgeMs: number })[] = [];

  async ask(question: ObjectQuestion, maxAgeMs: number): Promise<ObjectAnswer> {
    this.asked.push({ ...question, maxAgeMs });
    const usual: ObjectAnswer = { kind: 'found', objects: question.verb === 'get' ? [{}] : [] };
    return this.answers.get(question.resource) ?? usual;
  }
}

/** Only remembers what was asked for. */
export class FakeSilences implements Silences {
  readonly told: string[] = [];
  /** Why those Alertmanagers cannot be asked, by their addresses. */
  readonly away = new Map<string, string>();

  async whyNotReached({ url }: HttpTarget): Promise<string | undefined> {
    return this.away.get(url);
  }

  keep({ node, workflowId }: SilencedRollout, _policy: Policy, pool: string): void {
    this.told.push(`keep ${node} of ${pool} for ${workflowId}`);
  }

  end({ node, workflowId }: SilencedRollout): void {
    this.told.push(`end ${node} for ${workflowId}`);
  }
}
