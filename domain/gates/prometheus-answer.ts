import { z } from 'zod';
import { parseJson } from '../fields.ts';
import { words } from '../outside.ts';

/** What Prometheus answers to a query (https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries). */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  /** May be NaN or infinite. */
  readonly value: number;
}

export type PrometheusAnswer =
  | { readonly samples: readonly Sample[] }
  /** Its own words. */
  | { readonly refusal: string }
  | { readonly problem: string };

const value = z.tuple([z.number(), z.string()]);
const labels = z.record(z.string(), z.string());

const Answer = z.discriminatedUnion('status', [
  z.object({ status: z.literal('error'), error: z.string().default('') }),
  z.object({
    status: z.literal('success'),
    warnings: z.array(z.string()).nullish(),
    data: z.discriminatedUnion('resultType', [
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ metric: labels, value: value.optional() })),
      }),
      z.object({ resultType: z.literal('scalar'), result: value }),
      z.object({ resultType: z.enum(['matrix', 'string']) }),
    ]),
  }),
]);

export const NO_PROMETHEUS = 'its answer is not that of a Prometheus';

/** The samples of an instant query; or why there are none to rely on, in words that stay the same. */
export function readPrometheusAnswer(text: string): PrometheusAnswer {
  const parsed = Answer.safeParse(parseJson(text));
  if (!parsed.success) return { problem: NO_PROMETHEUS };
  const answer = parsed.data;
  if (answer.status === 'error') return { refusal: words(answer.error) };
  const missing = answer.warnings?.find((warning) => !isAdvice(warning));
  if (missing !== undefined)
    return { problem: `it has only a part of the data: ${words(missing)}` };
  return samplesIn(answer.data);
}

/** Advice on how a query is written, as in "PromQL warning: …": the data are whole. */
const isAdvice = (warning: string): boolean => warning.startsWith('PromQL ');

type Data = Extract<z.output<typeof Answer>, { status: 'success' }>['data'];

function samplesIn(data: Data): PrometheusAnswer {
  if (data.resultType === 'scalar') {
    return checked([{ labels: {}, value: numberOf(data.result[1]) }]);
  }
  if (data.resultType !== 'vector') {
    return { problem: `the query gives a ${data.resultType}, not one value for each series` };
  }
  return checked(
    data.result.map(({ metric, value: pair }) => ({ labels: metric, value: numberOf(pair?.[1]) })),
  );
}

interface Unchecked {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | undefined;
}

function checked(samples: readonly Unchecked[]): PrometheusAnswer {
  const known = samples.flatMap(({ labels: of, value: number }) =>
    number === undefined ? [] : [{ labels: of, value: number }],
  );
  if (known.length < samples.length) {
    return { problem: 'the query gives something else than numbers, such as a histogram' };
  }
  return { samples: known };
}

const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  '+Inf': Infinity,
  Inf: Infinity,
  '-Inf': -Infinity,
};

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (Object.hasOwn(SPECIAL, text)) return SPECIAL[text];
  const number = Number(text);
  return Number.isNaN(number) ? undefined : number;
}
