import { globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { policySchema } from '../domain/policy-schema.ts';
import { runCli } from './run.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const filesIn = (pattern: string): string[] =>
  globSync(pattern, { cwd: ROOT }).map((path) => `${ROOT}${path}`);

async function check(path: string): Promise<{ exit: number; err: string }> {
  let err = '';
  const exit = await runCli(['policy', 'check', '--strict', path], {
    out: () => undefined,
    err: (text) => (err += text.replaceAll(`${dirname(path)}/`, '')),
    nowMs: () => Date.parse('2026-11-24T12:00:00Z'),
  });
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
