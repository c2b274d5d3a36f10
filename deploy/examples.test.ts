import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { slackBody, webhookBody } from '../domain/notifications/bodies.ts';
import { EVENTS } from '../domain/notifications/events.ts';
import { Policy, problemsOf } from '../domain/policy.ts';
import type { KubeObject } from '../lab/fleet/kube.ts';
import { Chart } from './chart.fixture.ts';

/** What a person copies from deploy/examples, held to the chart and to what is really sent. */

const HERE = fileURLToPath(new URL('examples', import.meta.url));
const read = (path: string): string => readFileSync(join(HERE, path), 'utf8');

describe('values', () => {
  let chart: Chart;
  beforeAll(async () => {
    chart = await Chart.open((line) => void process.stderr.write(`[chart] ${line}\n`));
  }, 1_800_000);
  afterAll(() => chart.close());

  const FILES = globSync('{aks,values}/*.yaml', { cwd: HERE }).toSorted();

  test('are there for these', () => {
    expect(FILES).toEqual([
      'aks/values.yaml',
      'values/eks.yaml',
      'values/gke.yaml',
      'values/k3s.yaml',
    ]);
  });

  test.each(FILES)('G9: the chart and the worker take those of %s', async (path) => {
    const objects = await chart.render(read(path));
    const { error } = Policy.safeParse(policyIn(objects));
    expect(error && problemsOf(error)).toBeUndefined();
  });

  // Whether a host asks is easily got wrong, and distributions.md has the commands that are tested.
  test.each(FILES)('%s has no command of its own that asks the host', (path) => {
    expect(read(path)).not.toMatch(/needs-restarting|needs-rebooting|grubby/);
  });
});

/** The policy as the worker reads it. */
function policyIn(objects: readonly KubeObject[]): unknown {
  const maps = objects as readonly (KubeObject & { data?: Readonly<Record<string, string>> })[];
  const [text] = maps.flatMap(({ data = {} }) => data['policy.yaml'] ?? []);
  return parse(text ?? '');
}

describe('the Logic App', () => {
  interface Template {
    readonly resources: readonly {
      readonly properties: {
        readonly definition?: { readonly triggers: { readonly manual: Trigger } };
      };
    }[];
  }
  interface Trigger {
    readonly operationOptions?: string;
    readonly inputs: { readonly schema: z.core.JSONSchema.BaseSchema };
  }

  const text = read('aks/logic-app.json');
  const [trigger] = (JSON.parse(text) as Template).resources.flatMap(
    ({ properties: { definition } }) => definition?.triggers.manual ?? [],
  );
  const schema = trigger?.inputs.schema ?? {};
  const accepts = (body: object) => z.fromJSONSchema(schema).safeParse(body).success;

  test.each(EVENTS)('takes what the receiver `webhook` sends for %s', (event) => {
    const body = webhookBody({ id: '1', event, atMs: 0 }, 'Draining node worker-7');
    expect(accepts(body)).toBe(true);
    expect(Object.keys(body)).toEqual(expect.arrayContaining(fieldsRead(text)));
  });

  test('takes what the receiver `slack` sends, and nothing without a text', () => {
    expect(accepts(slackBody('Draining node worker-7', { username: 'lockkeeper' }))).toBe(true);
    expect(accepts({ message: 'Draining node worker-7' })).toBe(false);
  });

  test('has its trigger refuse what is not of its schema, which a Logic App does only when told to', () => {
    expect(trigger?.operationOptions).toBe('EnableSchemaValidation');
  });

  test('reads only what its trigger declares', () => {
    expect(fieldsRead(text)).toEqual(Object.keys(schema.properties ?? {}).toSorted());
  });
});

function fieldsRead(template: string): string[] {
  const found = [...template.matchAll(/triggerBody\(\)\?\['(\w+)'\]/g)];
  return [...new Set(found.map(([, field = '']) => field))].toSorted();
}
