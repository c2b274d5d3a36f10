import { expect, test } from '@jest/globals';
import { lineOf } from './logging.ts';

const entry = (meta?: Record<string, unknown>) => ({
  level: 'INFO' as const,
  message: 'node cordoned',
  timestampNanos: 1_795_471_200_123_456_789n,
  ...(meta ? { meta } : {}),
});

test.each<{ name: string; meta?: Record<string, unknown>; expected: object }>([
  { name: 'a line has its time, its level and its message', expected: {} },
  {
    name: 'a line has the fields of the outcome',
    meta: { node: 'n1', cordonedByUs: true, because: ['hold: x'] },
    expected: { node: 'n1', cordonedByUs: true, because: ['hold: x'] },
  },
  {
    name: 'a line leaves out what only the SDK cares for, and keeps where it belongs',
    meta: { taskToken: 'AAA', taskQueue: 'lockkeeper', namespace: 'default', workflowId: 'w' },
    expected: { workflowId: 'w' },
  },
  {
    name: 'a line has the words of an error',
    meta: { error: new Error('the API server is away') },
    expected: { error: 'the API server is away' },
  },
])('$name', ({ meta, expected }) => {
  const line = lineOf(entry(meta));
  expect(line).not.toContain('\n');
  expect(JSON.parse(line)).toEqual({
    time: '2026-11-23T22:00:00.123Z',
    level: 'INFO',
    message: 'node cordoned',
    ...expected,
  });
});
