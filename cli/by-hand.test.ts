import { describe, expect, test } from '@jest/globals';
import { runAt } from './run.fixture.ts';

const run = (...argv: string[]) => runAt('2026-12-04T12:00:00Z', argv);

describe('what a command would do is printed', () => {
  test.each<[string[], string]>([
    [
      [
        'start',
        'worker-7',
        '--by',
        'kim',
        '--reason',
        'new firmware',
        '--even-if-not-required',
        '--skip',
        'alerts',
        'jobs',
      ],
      `temporal workflow start --type nodeRollout --task-queue lockkeeper --workflow-id node-rollout/worker-7 --input '{"node":"worker-7","reason":"new firmware","evenIfNotRequired":true,"requestedBy":"kim","skip":["alerts","jobs"]}'\n`,
    ],
    [
      ['hold', 'worker-7', '--by', 'kim', '--reason', "kim's disk", '--until', '4h'],
      `kubectl annotate --overwrite node worker-7 lockkeeper.io/hold='kim'\\''s disk (kim) until=2026-12-04T16:00:00.000Z'\n`,
    ],
    [['release-hold', 'worker-7'], 'kubectl annotate node worker-7 lockkeeper.io/hold-\n'],
  ])('%j', async (argv, out) => {
    expect(await run(...argv, '--show-commands')).toEqual({ exit: 0, out, err: '' });
  });
});

describe('a wrong command line is refused with the rule', () => {
  test.each<[string[], string]>([
    [['start', 'worker_7'], 'node: write the name of a node, as kubectl get nodes shows it\n'],
    [['start', 'worker-7', '--skip', 'alert'], '--skip: write one of required, agent, '],
    [['hold', 'worker-7'], "required option '--reason <text>' not specified"],
    [
      ['hold', 'worker-7', '--reason', 'x', '--until', 'soon'],
      '--until: write a duration like 4h, or a time',
    ],
    [
      ['hold', 'worker-7', '--reason', 'x', '--until', '2026-12-05T08:00'],
      '--until: write a duration like 4h, or a time',
    ],
    [
      ['hold', 'worker-7', '--reason', 'x', '--until', '2026-12-01T08:00:00Z'],
      '--until: 2026-12-01T08:00:00Z is over already',
    ],
    [['window', 'open', 'workers', '--for', '8d'], '--for: write at most 7d'],
    [['window', 'open', 'workers'], "required option '--for <duration>' not specified"],
    [['pause', 'Pool/x'], 'TARGET: write the name of a node, pool/NAME or all, not "Pool/x"'],
    [['pause', 'worker-7', '--for', '3'], '--for: write a duration like 30m or 2h, not "3"'],
    [['skip', 'worker-7', 'alert'], 'GATE: write one of required, agent, '],
  ])('%j', async (argv, err) => {
    expect(await run(...argv)).toEqual({ exit: 2, out: '', err: expect.stringContaining(err) });
  });
});
