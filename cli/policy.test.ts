import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { RE2JS } from 're2js';
import { z } from 'zod';
import { policySchema, type Schema } from '../domain/policy-schema.ts';
import { runAt } from './run.fixture.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockkeeper-cli-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

const run = (...argv: string[]) => runAt('2026-12-04T12:00:00Z', argv, `${directory}/`);
const check = (...argv: string[]) => run('policy', 'check', ...argv);

const pool = (name: string, ...lines: string[]): string =>
  [`  - name: ${name}`, `nodes: pool=${name}`, ...lines].join('\n    ').concat('\n');
const GOOD = `pools:\n${pool('a', 'windows: [{ always: true }]')}`;

describe('lockkeeper policy check', () => {
  test('finds a good file good, and names its pools', async () => {
    const path = file('policy.yaml', GOOD + pool('b', 'windows: []'));
    expect(await check(path)).toEqual({
      exit: 0,
      out: 'policy.yaml: good, with pools a, b\n',
      err: '',
    });
  });

  test('looks at every file, and ends with 1 when one is bad', async () => {
    const bad = file('bad.yaml', 'pools: []\n');
    const good = file('good.yaml', GOOD);
    const { exit, out, err } = await check(bad, join(directory, 'none.yaml'), good);
    expect(exit).toBe(1);
    expect(out).toBe('good.yaml: good, with pool a\n');
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/^bad\.yaml:1 pools: write at least one pool/),
      'none.yaml: there is no such file',
      '',
    ]);
  });

  test('calls files of one name by their paths', async () => {
    mkdirSync(join(directory, 'other'));
    const paths = [file('policy.yaml', GOOD), file('other/policy.yaml', 'pools: []\n')];
    const { out, err } = await check(...paths);
    expect(out).toBe('policy.yaml: good, with pool a\n');
    expect(err).toMatch(/^other\/policy\.yaml:1 pools: /);
  });

  test('asks no address for a calendar', async () => {
    const windows = "windows: [{ calendar: 'https://calendar.invalid/plan.ics' }]";
    expect(await check(file('policy.yaml', `pools:\n${pool('a', windows)}`))).toMatchObject({
      exit: 0,
      err: '',
    });
  });

  test.each([
    ['pools: []\n', /^stdin:1 pools: /],
    ['\n', /^stdin is empty: nothing was piped into it\n$/],
  ])('reads stdin for -: %j', async (text, err) => {
    const { stdin } = process;
    const given = Readable.from([Buffer.from(text)]);
    Object.defineProperty(process, 'stdin', { value: given, configurable: true });
    try {
      expect(await check('-')).toMatchObject({ exit: 1, err: expect.stringMatching(err) });
    } finally {
      Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
    }
  });

  test('says of what is no file that it is none', async () => {
    expect(await check(directory)).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/: it is a directory, and has to be a file\n$/),
    });
  });

  test('warns of what is allowed and hardly meant, and takes it for wrong when told to', async () => {
    const path = file('policy.yaml', `pools:\n${pool('a')}`);
    const warning =
      'warning: policy.yaml:2 pools[0]: nodes of pool a are never taken out: it has no windows; write windows: [] if that is meant\n';
    expect(await check(path)).toEqual({
      exit: 0,
      out: 'policy.yaml: good, with pool a\n',
      err: warning,
    });
    expect(await check('--strict', path)).toEqual({ exit: 1, out: '', err: warning });
  });

  test('wants a file', async () => {
    expect(await check()).toMatchObject({
      exit: 2,
      err: "missing required argument 'file'\n(see --help)\n",
    });
  });
});

/** Every part of a schema, with its place. */
function* partsOf(schema: Schema, place = ''): Generator<readonly [string, Schema]> {
  yield [place, schema];
  for (const [key, part] of Object.entries(schema.properties ?? {})) {
    yield* partsOf(part, `${place}.${key}`);
  }
  if (schema.items) yield* partsOf(schema.items, `${place}[]`);
  for (const form of schema.anyOf ?? []) yield* partsOf(form, place);
  if (typeof schema.additionalProperties === 'object') {
    yield* partsOf(schema.additionalProperties, `${place}.*`);
  }
  if (schema.propertyNames) yield* partsOf(schema.propertyNames, `${place}.*`);
}

const parts = [...partsOf(policySchema())];

/** Whether a key of this name may have the value anywhere. */
const takes = (key: string, value: string): boolean =>
  parts
    .filter(([place]) => place.endsWith(key))
    .some(([, schema]) => z.fromJSONSchema(schema as JsonSchema).safeParse(value).success);

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

describe('lockkeeper policy schema', () => {
  test('prints the schema by which policies are checked, with its name and version', async () => {
    const { exit, out } = await run('policy', 'schema');
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toEqual(policySchema());
    expect(policySchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: expect.stringMatching(/^https:\/\//),
      properties: { scanEvery: { default: '1m', description: expect.any(String) } },
    });
  });

  test('refuses keys that are not known, everywhere', () => {
    const open = parts.filter(
      ([, { properties, additionalProperties }]) => properties && additionalProperties !== false,
    );
    expect(parts.length).toBeGreaterThan(150);
    expect(open.map(([place]) => place)).toEqual([]);
  });

  test('has only expressions that Go understands too, for the chart', () => {
    const patterns = parts.flatMap(([, { pattern }]) => pattern ?? []);
    expect(patterns.length).toBeGreaterThan(20);
    for (const pattern of patterns) expect(() => RE2JS.compile(pattern)).not.toThrow();
  });

  test('takes no secret as it is: only where it is found', () => {
    for (const key of ['.slack', '.teams', '.url', '.secret', '.password', '.bearerToken']) {
      expect([key, takes(key, '${NAME}')]).toEqual([key, true]);
    }
    for (const key of ['.slack', '.teams', '.secret', '.password', '.bearerToken']) {
      expect([key, takes(key, 'https://hooks.example.org/T0/B0/secret')]).toEqual([key, false]);
    }
  });
});
