import { describe, expect, test } from '@jest/globals';
import { parseSoakArgs } from './args.ts';

const parse = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) => parseSoakArgs(argv, env);
const argsOf = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) => {
  const parsed = parse(argv, env);
  return parsed.kind === 'run' ? parsed.args : parsed;
};

describe('the options of soak', () => {
  test('without any it goes on for five minutes with a seed of its own', () => {
    const args = argsOf([]);
    expect(args).toEqual({ minutes: 5, shrink: 5, json: false, seed: expect.any(Number) });
  });

  test('so many histories, or one of them, take as long as they take', () => {
    expect(argsOf(['--runs', '3', '--seed', '7'])).toEqual({
      runs: 3,
      seed: 7,
      shrink: 5,
      json: false,
    });
    expect(argsOf(['--seed', '7', '--path', '33:0'])).toEqual({
      seed: 7,
      path: '33:0',
      shrink: 5,
      json: false,
    });
    expect(argsOf(['--minutes', '0.5', '--seed', '7', '--runs', '9'])).toEqual({
      minutes: 0.5,
      runs: 9,
      seed: 7,
      shrink: 5,
      json: false,
    });
  });

  test('seed and path may come from the environment, and what is written out counts more', () => {
    const env = { LOCKKEEPER_SEED: '41', LOCKKEEPER_PATH: '1:2' };
    expect(argsOf([], env)).toEqual({ seed: 41, path: '1:2', shrink: 5, json: false });
    expect(argsOf(['--seed', '42'], env)).toMatchObject({ seed: 42 });
  });

  test.each([
    [['--seed', '-1'], {}],
    [['--seed', '1.5'], {}],
    [['--runs', 'many'], {}],
    [['--minutes', '0'], {}],
    [['--shrink', '0'], {}],
    [['--most-steps', 'many'], {}],
    [['--path', 'here'], {}],
    [['--break', 'everything'], {}],
    [['now'], {}],
    [['--unknown'], {}],
    [[], { LOCKKEEPER_SEED: 'mine' }],
    [[], { LOCKKEEPER_PATH: '../x' }],
  ])('refuses %j with %j', (argv, env) => {
    expect(parse(argv, env)).toMatchObject({ kind: 'wrong', problem: expect.any(String) });
  });

  test('--help names what can be broken and the exit codes', () => {
    const parsed = parse(['--help']);
    expect(parsed).toMatchObject({ kind: 'help', text: expect.stringContaining('sees-no-pods') });
    expect(parsed).toMatchObject({ text: expect.stringContaining('130') });
  });
});
