import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { Policy } from '../../domain/policy.ts';
import { Plan } from '../../domain/window/plan.ts';
import { poolWindows } from '../../domain/window/pool-windows.ts';
import { converted } from './kured.fixture.ts';
import { OPTIONS, type Option } from './options.ts';

const text = readFileSync(new URL('../../docs/migrating-from-kured.md', import.meta.url), 'utf8');

test('G12: the table of docs/migrating-from-kured.md has what the converter goes by', () => {
  const rows = [...text.matchAll(/^\| `--.*$/gm)].map(([row]) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
  const options: readonly (readonly [string, Option])[] = Object.entries(OPTIONS);
  expect(rows).toEqual(
    options.map(([name, { fallback, to = 'nothing', because = expect.any(String) }]) => [
      `\`--${name}\``,
      fallback && `\`${fallback}\``,
      to === 'nothing' ? to : `${to.startsWith('LOCKKEEPER_') ? 'agent: ' : ''}\`${to}\``,
      because,
    ]),
  );
  expect(rows).toHaveLength(43);
});

/** The YAML of a section, in order. */
function examples(heading: string): string[] {
  const [, section = ''] = text.split(`\n## ${heading}\n`);
  const [body = ''] = section.split('\n## ');
  return [...body.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);
}

const minute = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

/** When the policy's only pool is open from a day on, in UTC. */
function openings(policy: unknown, from: string, count: number): string[] {
  const plan = new Plan({ ...poolWindows(Policy.parse(policy), 0), calendars: new Map() });
  const shown: string[] = [];
  for (const { opensMs, closesMs } of plan.openings(Date.parse(from))) {
    if (shown.length === count) break;
    shown.push(`${minute(opensMs)} ${minute(closesMs).slice(11)}`);
  }
  return shown;
}

describe('the working week', () => {
  const [values = '', becomes = ''] = examples('The working week');
  const result = converted(values);

  test('becomes the policy that is shown', () => {
    expect(result.policy).toEqual(parse(becomes));
  });

  test('has its other settings in the comments', () => {
    expect(result.comments).toContain('{ name: LOCKKEEPER_PERIOD, value: "1m" }');
    expect(result.comments).toContain('--lock-ttl: time alone never frees a place');
    expect(result.yaml).not.toContain('logic.azure.com');
  });

  test('is open when it should be, in winter and in summer', () => {
    const { timeZone, pools } = result.policy;
    const windows = {
      timeZone,
      pools: pools.map(({ name, nodes, windows }) => ({ name, nodes, windows })),
    };
    expect(openings(windows, '2027-01-01T23:00:00Z', 2)).toEqual([
      '2027-01-04T13:00 16:00',
      '2027-01-05T13:00 16:00',
    ]);
    expect(openings(windows, '2027-07-02T15:00:00Z', 1)).toEqual(['2027-07-05T12:00 15:00']);
  });
});

describe('the annual plan', () => {
  const [deployed = '', dates = '', calendar = '', rule = ''] = examples('The annual plan');

  test('is not known to the converter, which makes a window of every day', () => {
    expect(converted(deployed).policy.pools).toMatchObject([
      { windows: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], start: '08:00' }] },
    ]);
  });

  test('opens on its dates', () => {
    expect(openings(parse(dates), '2027-01-01T00:00:00Z', 9)).toEqual([
      '2027-01-16T07:00 17:00',
      '2027-03-09T07:00 17:00',
      '2027-06-08T06:00 16:00',
      '2027-09-14T06:00 16:00',
      '2027-12-04T07:00 17:00',
    ]);
  });

  test('may be a calendar', () => {
    expect(Policy.safeParse(parse(calendar)).error).toBeUndefined();
  });

  test('may be a rule', () => {
    expect(openings(parse(rule), '2027-01-01T00:00:00Z', 4)).toEqual([
      '2027-03-09T07:00 17:00',
      '2027-06-08T06:00 16:00',
      '2027-09-14T06:00 16:00',
      '2028-03-14T07:00 17:00',
    ]);
  });
});
