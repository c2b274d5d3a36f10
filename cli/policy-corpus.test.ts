import { globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { z } from 'zod';
import { policySchema } from '../domain/policy-schema.ts';
import { Policy } from '../domain/policy.ts';
import { runAt } from './run.fixture.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const filesIn = (pattern: string): string[] =>
  globSync(pattern, { cwd: ROOT }).map((path) => `${ROOT}${path}`);

async function check(path: string): Promise<{ exit: number; err: string }> {
  const argv = ['policy', 'check', '--strict', path];
  const { exit, err } = await runAt('2026-11-24T12:00:00Z', argv, `${dirname(path)}/`);
  return { exit, err };
}

/** Which line, which path and which rule, as the head of each file has it. */
function expectedIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  const end = lines.findIndex((line, at) => at > 0 && !line.startsWith('#   '));
  return lines.slice(1, end).map((line) => `${basename(path)}:${line.slice(4)}`);
}

describe('G9: a bad policy is refused with file, line, path and rule:', () => {
  const bad = filesIn('test/policies/bad/*.yaml');

  test('there are enough of them', () => {
    expect(bad.length).toBeGreaterThanOrEqual(60);
  });

  test.each(bad.map((path) => [basename(path, '.yaml').replaceAll('-', ' '), path]))(
    '%s',
    async (_, path) => {
      const expected = expectedIn(path);
      expect(expected.length).toBeGreaterThan(0);
      expect(await check(path)).toEqual({ exit: 1, err: `${expected.join('\n')}\n` });
    },
  );
});

test('G9: whatever stands in the place of whatever is in a policy, it is refused or taken, and nothing breaks', () => {
  const whole = readFileSync(`${ROOT}docs/examples/every-key.yaml`, 'utf8');
  const places = [...placesIn(parse(whole))];
  const odd = fc.constantFrom<unknown>(null, 0, -1, '', 'x', [], {}, [null], [{}], { a: 1 }, true);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...places), odd), { minLength: 1, maxLength: 4 }),
      (changes) => {
        const policy: unknown = parse(whole);
        for (const [place, value] of changes) put(policy, place, value);
        expect(typeof Policy.safeParse(policy).success).toBe('boolean');
      },
    ),
    { numRuns: 500 },
  );
});

type Place = readonly (string | number)[];

function* placesIn(value: unknown, place: Place = []): Generator<Place> {
  if (place.length > 0) yield place;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inside] of Object.entries(value)) {
    yield* placesIn(inside, [...place, Array.isArray(value) ? Number(key) : key]);
  }
}

/** What an earlier change has taken away stays away. */
function put(policy: unknown, place: Place, value: unknown): void {
  const last = place.at(-1) ?? '';
  const around = place
    .slice(0, -1)
    .reduce<unknown>((at, key) => (Object(at) as Record<string, unknown>)[key], policy);
  if (typeof around === 'object' && around !== null) Object.assign(around, { [last]: value });
}

/** Without the keys that each kind of window needs, which zod cannot take back. */
const schema = z.fromJSONSchema(
  JSON.parse(
    JSON.stringify(policySchema(), (key, value: unknown) => (key === 'oneOf' ? undefined : value)),
  ) as Parameters<typeof z.fromJSONSchema>[0],
);

describe('a policy that people take as an example is good, and nothing is to be warned of:', () => {
  const good = filesIn('docs/examples/*.yaml');

  test('there are some', () => {
    expect(good.length).toBeGreaterThanOrEqual(6);
  });

  test.each(good.map((path) => [basename(path), path]))('%s', async (_, path) => {
    expect(await check(path)).toEqual({ exit: 0, err: '' });
  });

  test.each(good.map((path) => [basename(path), path]))('%s, by the JSON Schema too', (_, path) => {
    expect(schema.safeParse(parse(readFileSync(path, 'utf8'))).error).toBeUndefined();
  });
});
