import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Chart, pool, type Values } from './chart.fixture.ts';
import { SCHEMA } from './helm.ts';

/** Whoever may choose one value of the chart chooses that value, and no other line of what is applied. */

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
}
type Place = (injected: string) => unknown;

/** Each text of the values, as a function that makes values of what stands there; also the keys that people choose. */
function placesIn(schema: Schema, path: string): [path: string, place: Place][] {
  const { type, properties = {}, additionalProperties: any, items, anyOf = [] } = schema;
  if (schema.enum) return [];
  if (type === 'string') return [[path, (injected) => injected]];
  if (items) return wrapped(placesIn(items, `${path}[]`), (inner) => [inner]);
  const keys: [string, Place][] =
    typeof any === 'object' && any.type === 'string'
      ? [
          [`${path}: a key`, (injected) => ({ [injected]: 'x' })],
          [`${path}: a value`, (injected) => ({ key: injected })],
        ]
      : [];
  const below = Object.entries(properties).flatMap(([key, of]) =>
    wrapped(placesIn(of, path === '' ? key : `${path}.${key}`), (inner) => ({ [key]: inner })),
  );
  return [...keys, ...below, ...anyOf.flatMap((one) => placesIn(one, path))];
}

function wrapped(places: [string, Place][], wrap: (inner: unknown) => unknown): [string, Place][] {
  return places.map(([path, place]) => [path, (injected) => wrap(place(injected))]);
}

const { properties } = JSON.parse(readFileSync(SCHEMA, 'utf8')) as Required<Schema>;
// The policy is one text in its ConfigMap; what the templates take out of it is below.
const { policy: _, ...others } = properties;
const PLACES: [string, Place][] = [
  ...placesIn({ properties: others }, ''),
  ['policy.pools[].name', (name) => ({ policy: { pools: [pool({ name })] } })],
  ['policy.pools[].nodes', (nodes) => ({ policy: { pools: [pool({ nodes })] } })],
];

const INJECTIONS = [
  'x\n            injected: true\n---\nkind: Injected\napiVersion: v1\nmetadata: { name: injected }\n',
  'x", injected: true, "y": "',
  "x', injected: true } #",
];

/** What makes each of them be looked at by a template that is left out else. */
const AROUND: Values = {
  metrics: {
    podMonitor: { enabled: true },
    rules: { enabled: true },
    dashboard: { enabled: true },
  },
};
const WITH: Readonly<Record<string, Values>> = {
  'agent.reboot.file': { agent: { reboot: { method: 'file' } } },
  'agent.reboot.command': { agent: { reboot: { method: 'command' } } },
  'temporal.apiKey.key': { temporal: { apiKey: { secret: 'a' } } },
  'temporal.encryption.key': { temporal: { encryption: { keySecret: 'a' } } },
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merged(one: Values, other: Values): Values {
  const both = Object.entries(other).map(([key, value]) => {
    const mine = one[key];
    return [key, isObject(mine) && isObject(value) ? merged(mine, value) : value] as const;
  });
  return { ...one, ...Object.fromEntries(both) };
}

/** Every key there is in it, at any depth. */
function keysIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysIn(inner)]);
}

let chart: Chart;
beforeAll(async () => {
  chart = await Chart.open((line) => void process.stderr.write(`[chart] ${line}\n`));
}, 1_800_000);
afterAll(() => chart.close());

describe('G9: what is written as one value is refused, or stays one value', () => {
  test('each value of the chart that is a text is among them', () => {
    const paths = PLACES.map(([path]) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['image.tag', 'fullnameOverride', 'worker.secretFiles[]']),
    );
    expect(paths).toEqual(expect.arrayContaining(['agent.podLabels: a key', 'calendars: a key']));
    expect(paths.length).toBeGreaterThan(45);
  });

  test.each(PLACES)('%s', async (path, place) => {
    const around = merged(AROUND, WITH[path] ?? {});
    for (const injection of INJECTIONS) {
      const values = merged(around, place(injection) as Values);
      const rendered = await chart.render(values).catch((error: unknown) => String(error));
      if (typeof rendered === 'string') {
        // By the schema, and not because a template has become nonsense.
        expect(rendered).toMatch(/don't meet the specifications of the schema/);
        continue;
      }
      expect(keysIn(rendered)).not.toContain('injected');
      expect(rendered.map(({ kind }) => kind)).not.toContain('Injected');
    }
  });
});

test.each([
  '/run/lockkeeper/../../etc/cron.d/x',
  '/run/../etc/cron.d/x',
  '/var/run/a/..',
  '/run/./a/b',
  '/run//a/b',
  '/run/a',
  '/etc/cron.d/x',
  'run/lockkeeper/x',
])('G9: no file that asks for a reboot at %s', async (file) => {
  const values = { agent: { reboot: { method: 'file', file } } };
  await expect(chart.render(values)).rejects.toThrow('file');
});

test.each(['/var/run/../../etc/shadow', '/', '/x', 'var/run/x', '/var/run/..'])(
  'G9: no sentinel at %s',
  async (file) => {
    await expect(chart.render({ agent: { sentinel: { file } } })).rejects.toThrow('file');
  },
);

const sized = (size: string) => ({ temporal: { embedded: { storage: { size } } } });

test.each(['1073741824', '512Mi', '1048576Ki', '1.5Gi', '0.5T', '1Pi'])(
  'Helm takes a size as Kubernetes writes one: %s',
  async (size) => {
    await expect(chart.render(sized(size))).resolves.not.toEqual([]);
  },
);

test.each(['1ki', '1K', '1GiB', '1.5.5Gi', '1 Gi', '-1Gi', '0', '0.0Gi', 'Gi', ''])(
  'G9: Helm refuses a size that is none: "%s"',
  async (size) => {
    await expect(chart.render(sized(size))).rejects.toThrow(/size.* does not match pattern/);
  },
);

test.each([{ image: '' }, { ui: { enabled: true, image: '' } }])(
  'G9: Helm refuses a Temporal of its own without an image: %j',
  async (embedded) => {
    const refused = /image.* does not match pattern/;
    await expect(chart.render({ temporal: { embedded } })).rejects.toThrow(refused);
  },
);

test('G9: an installation says where its images are, and no stranger can', async () => {
  const none = { image: { registry: '' } };
  await expect(chart.render(none)).rejects.toThrow(
    /image\.registry is needed: .*docs\/install\.md/,
  );
  const whole = { worker: { image: 'r.example/w:1' }, agent: { image: 'r.example/a:1' } };
  expect(JSON.stringify(await chart.render({ ...none, ...whole }))).toContain('"r.example/w:1"');
});
