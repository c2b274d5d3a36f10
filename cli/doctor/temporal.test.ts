import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import {
  judgeAway,
  judgeRetention,
  judgeSearchAttributes,
  judgeVersion,
  noNamespace,
  TESTED_SERVER,
} from './temporal.ts';

test.each([
  ['1.32.0', 'good'],
  ['v1.33.1-cloud.2', 'good'],
  ['2.0.0', 'good'],
  ['1.29.7', 'warning'],
  ['', 'unknown'],
  ['main', 'unknown'],
])('server version "%s" is %s', (version, verdict) => {
  expect(judgeVersion(version)).toMatchObject([{ verdict }]);
});

test('the version that others are compared with is the one that the documentation says is tested', () => {
  const text = readFileSync(new URL('../../docs/temporal.md', import.meta.url), 'utf8');
  expect(text).toContain(`Tested against server ${TESTED_SERVER}`);
});

test('a Temporal that is away is bad, with why, and how another one is named', () => {
  const away = judgeAway(['Temporal at a:7233 cannot be reached: nothing listens there: refused']);
  expect(away).toMatchObject({
    verdict: 'bad',
    says: 'Temporal at a:7233 cannot be reached: nothing listens there: refused',
  });
  expect(away.mend).toContain('\nlockkeeper doctor --temporal-pod lockkeeper-worker-0');
});

test('a namespace that is missing can be made', () => {
  expect(noNamespace('nodes')).toMatchObject({
    verdict: 'bad',
    mend: expect.stringContaining('temporal operator namespace create --namespace nodes'),
  });
});

test.each([
  ['a month', 30 * 86_400_000, 'good'],
  ['a day', 86_400_000, 'good'],
  ['an hour', 3_600_000, 'warning'],
  ['nobody knows how long', undefined, 'good'],
])('a namespace that keeps for %s', (_, keptMs, verdict) => {
  expect(judgeRetention('nodes', keptMs)).toMatchObject({ verdict });
});

test('a search attribute that is missing is named, with the command that makes it', () => {
  expect(judgeSearchAttributes('nodes', [])).toMatchObject([{ verdict: 'good' }]);
  expect(judgeSearchAttributes('nodes', ['LockkeeperPool'])).toMatchObject([
    {
      verdict: 'warning',
      says: 'LockkeeperPool missing: rollouts go without',
      mend: expect.stringContaining('--namespace nodes --name LockkeeperPool --type Keyword'),
    },
  ]);
});
