import { describe, expect, test } from '@jest/globals';
import { parseLabArgs, type LabArgs } from './args.ts';

const words = (line: string) => line.split(' ').filter((word) => word !== '');

function args(line: string): LabArgs {
  const parsed = parseLabArgs(words(line));
  if (parsed.kind !== 'run') throw new Error(`not run: ${JSON.stringify(parsed)}`);
  return parsed.args;
}

describe('parseLabArgs', () => {
  test('without options is four nodes, three of them asking', () => {
    expect(args('')).toEqual({
      nodes: 4,
      reboot: 3,
      podsPerNode: 2,
      downForMs: 5_000,
      faults: new Map(),
      temporal: 'development',
      once: false,
      json: false,
      keep: false,
    });
  });

  test('reads every option', () => {
    const line =
      '--nodes 6 --reboot 5 --pods-per-node 1 --down-for 2s --fault worker-2=late:30s --fault worker-3=never-returns --fault worker-4=flaps:10s --once --json --deadline 4m --keep --dir /tmp/x --ui-port 8233';
    expect(args(line)).toEqual({
      nodes: 6,
      reboot: 5,
      podsPerNode: 1,
      downForMs: 2_000,
      faults: new Map([
        ['worker-2', { kind: 'late', byMs: 30_000 }],
        ['worker-3', { kind: 'never-returns' }],
        ['worker-4', { kind: 'flaps', times: 3, everyMs: 10_000 }],
      ]),
      temporal: 'development',
      once: true,
      json: true,
      deadlineMs: 240_000,
      keep: true,
      dir: '/tmp/x',
      uiPort: 8233,
    });
  });

  test('takes the server that the chart brings along', () => {
    expect(args('--temporal embedded --ui-port 8233')).toMatchObject({
      temporal: 'embedded',
      uiPort: 8233,
    });
  });

  test.each<{ line: string; problems: readonly RegExp[] }>([
    { line: '--nodes 0', problems: [/^--nodes: write a whole number from 1 to 500, not "0"$/] },
    { line: '--nodes three', problems: [/^--nodes: .*"three"$/] },
    { line: '--nodes 4 --reboot 5', problems: [/^--reboot: .* from 0 to 4/] },
    { line: '--reboot -1', problems: [/^--reboot: /] },
    { line: '--nodes 0 --reboot 3', problems: [/^--nodes/] },
    { line: '--down-for 5', problems: [/^--down-for: write a duration/] },
    { line: '--json', problems: [/^--json: only together with --once$/] },
    { line: '--deadline 1m', problems: [/^--deadline: only together with --once$/] },
    { line: '--ui-port 70000', problems: [/^--ui-port: .*65535/] },
    { line: '--temporal cloud', problems: [/^--temporal: write development or embedded$/] },
    { line: '--fault worker-9=late:3s', problems: [/"worker-9" is not a node .*worker-4/] },
    { line: '--fault worker-1=late:soon', problems: [/late:30s/] },
    { line: '--fault worker-1', problems: [/never-returns/] },
    { line: '--bogus', problems: [/unknown option '--bogus'.*--help/] },
    { line: '--nodes', problems: [/argument missing/] },
    { line: 'extra', problems: [/too many arguments/] },
    { line: '--nodes 0 --json --down-for x', problems: [/^--json/, /^--nodes/, /^--down-for/] },
  ])('refuses "$line" with one line per problem', ({ line, problems }) => {
    const parsed = parseLabArgs(words(line));
    const said = parsed.kind === 'wrong' ? parsed.problems : [];
    expect(said).toHaveLength(problems.length);
    for (const [index, rule] of problems.entries()) expect(said[index]).toMatch(rule);
  });
});
