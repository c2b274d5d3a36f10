import { describe, expect, test } from '@jest/globals';
import { readPolicy, WrittenPolicy } from './policy-text.ts';

const refusals = (text: string): readonly string[] => {
  const read = readPolicy(text, 'policy.yaml');
  return read.kind === 'refused' ? read.problems : [];
};

const HEAD = `# The policy.
timeZone: Europe/Zurich
pools:
  - name: workers
    nodes: pool=workers
`;

test('a good text is a policy', () => {
  const read = readPolicy(`${HEAD}    windows: [{ always: true }]\n`, 'policy.yaml');
  expect(read).toMatchObject({ kind: 'policy', policy: { timeZone: 'Europe/Zurich' } });
});

describe('G9: a problem names its file, its line, its path, the rule and what is written:', () => {
  test.each<{ name: string; text: string; expected: string[] }>([
    {
      name: 'a value in braces, on the line of its key',
      text: `${HEAD}    windows: [\n      { days: [mon],\n        start: "25:00", end: "04:00" }]\n`,
      expected: [
        'policy.yaml:8 pools[0].windows[0].start: write a time like "22:00" or "22:00:30" (found "25:00")',
      ],
    },
    {
      name: 'keys that are like none, each on its own line, with those there are',
      text: `${HEAD}    retry:\n      often: true\n      soon: true\n`,
      expected: [
        'policy.yaml:7 pools[0].retry.often: there is no such key; there is pause, longest',
        'policy.yaml:8 pools[0].retry.soon: there is no such key; there is pause, longest',
      ],
    },
    {
      name: 'a key that is not known in what may be written in two forms',
      text: `${HEAD}    gates:\n      alerts: { prometheus: 'http://p', ingore: x }\n`,
      expected: [
        'policy.yaml:7 pools[0].gates.alerts.ingore: there is no such key; did you mean ignore?',
      ],
    },
    {
      name: 'what comes from an alias, on the line of the anchor',
      text: `${HEAD}    windows: &nights\n      - cron: x\n        for: 4h\n  - name: others\n    nodes: pool=others\n    windows: *nights\n`,
      expected: [
        expect.stringMatching(/^policy\.yaml:7 pools\[0\]\.windows\[0\]\.cron: write a cron/),
        expect.stringMatching(/^policy\.yaml:7 pools\[1\]\.windows\[0\]\.cron: write a cron/),
      ] as unknown as string[],
    },
  ])('$name', ({ text, expected }) => {
    expect(refusals(text)).toEqual(expected);
  });
});

/** Each has the one before twice. */
const NESTED = ['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key, at) => {
  const before = ['a', 'b', 'c', 'd', 'e', 'f', 'g'][at];
  return `${key}: &${key} [*${before}, *${before}]`;
});

test('G9: aliases of aliases are told of as what is not YAML', () => {
  expect(refusals(['a: &a [x, x]', ...NESTED].join('\n'))).toEqual([
    expect.stringMatching(/^policy\.yaml:1 Excessive alias count/),
  ]);
});

test('G9: what is not YAML at all is told of line by line, not for pages, and not repeated', () => {
  const text = Array.from({ length: 14 }, (_, line) => `k${line}: a: b: "secret-${line}"\n`).join(
    '',
  );
  const problems = refusals(text);
  expect(problems).toHaveLength(11);
  expect(problems.slice(0, 2)).toEqual([
    expect.stringMatching(/^policy\.yaml:1 Nested mappings/),
    expect.stringMatching(/^policy\.yaml:2 Nested mappings/),
  ]);
  expect(problems[10]).toBe('policy.yaml and 4 more lines that are not YAML');
  expect(problems.join()).not.toContain('secret');
  expect(refusals('password: "x"y-secret\n').join()).not.toContain('secret');
});

test('the line of a path that is only partly there is that of its nearest part', () => {
  const written = new WrittenPolicy('a:\n  b:\n    - c: 1\n', 'x.yaml');
  expect(
    [[], ['a'], ['a', 'b', 0, 'c'], ['a', 'b', 7], ['z']].map((path) => written.lineOf(path)),
  ).toEqual([1, 1, 3, 2, 1]);
});
