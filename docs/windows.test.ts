import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { runCli } from '../cli/run.ts';
import { Policy } from '../domain/policy.ts';
import { openingsFrom, planOf } from '../domain/window/written.fixture.ts';

const text = readFileSync(new URL('windows.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, block = '']) => block,
  );

const [example = ''] = blocks('yaml');

describe('docs/windows.md', () => {
  test('shows a policy that would be accepted', () => {
    expect(Policy.safeParse(parse(example)).error).toBeUndefined();
  });

  test('shows what the command prints for it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'lockkeeper-docs-'));
    const path = join(directory, 'policy.yaml');
    writeFileSync(path, example);
    writeFileSync(join(directory, 'maintenance-2027.ics'), 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n');
    let out = '';
    await runCli(['windows', '--policy', path, '--pool', 'workers', '--count', '5'], {
      out: (said) => (out += said),
      err: (said) => (out += said),
      nowMs: () => Date.parse('2026-12-04T12:00:00Z'),
    });
    rmSync(directory, { recursive: true });
    expect(text).toContain(out);
  });

  const rows = [...text.matchAll(/^\| (`(?:days|cron).*?) +\| ([a-z0-9].*?) +\| (.*?) +\|$/gm)]
    .map(([, written = '', spring = '', autumn = '']) => ({
      window: parse(`{ ${written.replaceAll('`', '')} }`) as object,
      spring,
      autumn,
    }))
    .filter(({ spring }) => /hours|open|closes/.test(spring));

  test('says how clocks matter as it is', () => {
    expect(rows).toHaveLength(5);
    const said = rows.map(({ window }) => {
      const plan = planOf({ windows: [window] });
      const next = (from: string): string => openingsFrom(plan, from, 1)[0] ?? '';
      return [next('2027-03-27T16:00Z'), next('2027-10-30T16:00Z')];
    });
    // In UTC: Zurich is an hour ahead in winter, two in summer.
    expect(rows.map(({ spring, autumn }, at) => [spring, autumn, ...(said[at] ?? [])])).toEqual([
      [
        '7 hours',
        '9 hours',
        '2027-03-27T21:00 2027-03-28T04:00',
        '2027-10-30T20:00 2027-10-31T05:00',
      ],
      [
        '8 hours, to 07:00',
        '8 hours, to 05:00',
        '2027-03-27T21:00 2027-03-28T05:00',
        '2027-10-30T20:00 2027-10-31T04:00',
      ],
      [
        'opens at 03:00',
        'opens at the first 02:30',
        '2027-03-28T01:00 2027-03-28T02:00',
        '2027-10-31T00:30 2027-10-31T03:00',
      ],
      [
        'closes at 03:00',
        'closes at the first 02:30',
        '2027-03-27T23:00 2027-03-28T01:00',
        '2027-10-30T22:00 2027-10-31T00:30',
      ],
      [
        'does not open',
        'opens once, the first time',
        '2027-04-04T00:10 2027-04-04T00:50',
        '2027-10-31T00:10 2027-10-31T00:50',
      ],
    ]);
  });
});
