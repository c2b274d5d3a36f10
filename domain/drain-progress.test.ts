import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { blockerLine, readProgress, type DrainProgress } from './drain-progress.ts';

const text = fc.string();
const blocker = fc.record({ what: text, because: text, sinceMs: fc.integer({ min: 0 }) });
const progress: fc.Arbitrary<DrainProgress> = fc.record(
  {
    podsLeft: fc.nat(),
    evicted: fc.nat(),
    blockers: fc.array(blocker),
    warnings: fc.array(text),
    trouble: blocker,
  },
  { requiredKeys: ['podsLeft', 'evicted', 'blockers', 'warnings'] },
);

describe('readProgress', () => {
  test('takes what a drain tells as it is', () => {
    fc.assert(
      fc.property(progress, (sent) => {
        expect(readProgress(JSON.parse(JSON.stringify(sent)))).toEqual(sent);
      }),
    );
  });

  test.each([undefined, null, 7, 'x', [], {}, { podsLeft: '1' }, { podsLeft: 1 }, { evicted: 1 }])(
    'takes nothing of %j',
    (sent) => {
      expect(readProgress(sent)).toBeUndefined();
    },
  );

  test('leaves out what nobody could show', () => {
    const good = { what: 'shop/web-1', because: 'budget web', sinceMs: 1 };
    const bad = [null, 7, {}, { ...good, what: 1 }, { ...good, because: null }];
    const blockers = [...bad, { ...good, sinceMs: 'x' }, { ...good, sinceMs: 1e300 }, good];
    const sent = { podsLeft: 1, evicted: 0, blockers, warnings: [1, 'w'], trouble: 'away' };
    expect(readProgress(sent)).toEqual({
      podsLeft: 1,
      evicted: 0,
      blockers: [good],
      warnings: ['w'],
    });
    expect(readProgress({ podsLeft: 1, evicted: 0, blockers: 'x' })).toMatchObject({
      blockers: [],
      warnings: [],
    });
  });

  test('never throws, whatever is sent', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (sent) => {
        const read = readProgress(sent);
        expect(read === undefined || Array.isArray(read.blockers)).toBe(true);
      }),
    );
  });
});

test('blockerLine names each with its reason and how long it has been in the way', () => {
  const line = blockerLine(
    [
      { what: 'shop/web-1', because: 'budget web', sinceMs: 0 },
      { what: 'shop/web-2', because: 'it is terminating', sinceMs: 240_000 },
    ],
    300_000,
  );
  expect(line).toBe('shop/web-1: budget web for 5m; shop/web-2: it is terminating for 1m');
});
