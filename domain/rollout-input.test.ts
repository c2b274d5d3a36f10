import { describe, expect, test } from '@jest/globals';
import { problemsOf } from './policy.ts';
import { RolloutInput } from './rollout-input.ts';

const problems = (input: unknown): string[] => {
  const { error } = RolloutInput.safeParse(input);
  return error ? problemsOf(error) : [];
};

test("a node's name is all it takes", () => {
  expect(RolloutInput.parse({ node: 'worker-7.example.org' })).toEqual({
    node: 'worker-7.example.org',
    skip: [],
    evenIfNotRequired: false,
  });
});

describe('G9: bad input is refused with the path and the rule:', () => {
  const OBJECT = '(whole file): write an object, such as {"node": "worker-7"}';
  const NAME = 'node: write the name of a node, as kubectl get nodes shows it';
  test.each<{ name: string; input: unknown; expected: string[] | RegExp }>([
    { name: 'no input', input: undefined, expected: [OBJECT] },
    { name: 'a text', input: 'worker-7', expected: [OBJECT] },
    { name: 'no node', input: {}, expected: [NAME] },
    { name: 'an empty name', input: { node: '' }, expected: [NAME] },
    { name: 'capitals', input: { node: 'Worker-7' }, expected: [NAME] },
    { name: 'a path', input: { node: 'a/b' }, expected: [NAME] },
    { name: 'two lines', input: { node: 'a\nb' }, expected: [NAME] },
    { name: 'a name too long', input: { node: 'a'.repeat(254) }, expected: /^node: .*253/ },
    {
      name: 'a typing error',
      input: { node: 'a', skipp: [] },
      expected: /Unrecognized key: "skipp"/,
    },
    {
      name: 'a gate that does not exist',
      input: { node: 'a', skip: ['hold', 'windw'] },
      expected: /^skip\[1\]: .*"window"/,
    },
    {
      name: 'a text for yes',
      input: { node: 'a', evenIfNotRequired: 'yes' },
      expected: /^evenIfNotRequired: .*expected boolean/,
    },
  ])('$name', ({ input, expected }) => {
    if (Array.isArray(expected)) expect(problems(input)).toEqual(expected);
    else expect(problems(input).join('\n')).toMatch(expected);
  });
});
