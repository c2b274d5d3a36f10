import { expect, test } from '@jest/globals';
import { CommandFailed } from '../terminal.ts';
import { Away, makeChecks, type Check } from './check.ts';
import { good } from './finding.ts';
import { World } from './world.ts';

const world = new World(
  { namespace: 'lockkeeper' },
  { temporal: new Promise(() => undefined), nowMs: () => 0 },
);
const check = (name: string, look: Check['look']): Check => ({ group: 'g', name, look });

test('no check keeps another from being shown, whatever becomes of it', async () => {
  const found = await makeChecks(
    [
      check('hangs', () => new Promise(() => undefined)),
      check('fails', () => Promise.reject(new Error('forbidden'))),
      check('says why', () => Promise.reject(new CommandFailed(['no worker has answered']))),
      check('is away', () => Promise.reject(new Away('Temporal is not reached'))),
      check('is well', async () => [good('fine'), good('and well')]),
    ],
    world,
    50,
  );
  expect(found.map(({ check: name, verdict, says }) => `${name} ${verdict}: ${says}`)).toEqual([
    'hangs unknown: no answer within 0.05s',
    'fails unknown: it could not be looked at: forbidden',
    'says why unknown: no worker has answered',
    'is away unknown: not looked at: Temporal is not reached',
    'is well good: fine',
    'is well good: and well',
  ]);
});
