import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runAt } from './run.fixture.ts';

const POLICY = `timeZone: Europe/Zurich
freezes: [{ from: 2026-12-18, to: 2027-01-04, because: year end }]
pools:
  - name: workers
    nodes: agentpool=workers
    windows:
      - { days: [tue], start: "22:00", end: "02:00" }
      - cron: 0 23 * * 2#2
        for: 4h
      - { calendar: calendars/plan.ics }
  - name: gpu
    nodes: agentpool=gpu
    timeZone: America/New_York
    windows: [{ always: true }]
  - name: never
    nodes: never
`;
const ICS = [
  'BEGIN:VCALENDAR',
  'BEGIN:VEVENT',
  'SUMMARY:Patch day',
  'DTSTART;VALUE=DATE:20261205',
  'END:VEVENT',
  'END:VCALENDAR',
].join('\r\n');

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockkeeper-cli-'));
  path = join(directory, 'policy.yaml');
  writeFileSync(path, POLICY);
  mkdirSync(join(directory, 'calendars'));
  writeFileSync(join(directory, 'calendars/plan.ics'), ICS);
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** On Fri 2026-12-04 13:00 in Zurich. */
const run = (...argv: string[]) => runAt('2026-12-04T12:00:00Z', argv);
const windows = (...argv: string[]) => run('windows', '--policy', path, ...argv);

describe('lockkeeper windows', () => {
  test('prints the next openings of a pool in its zone', async () => {
    expect(await windows('--pool', 'workers', '--count', '4')).toEqual({
      exit: 0,
      err: '',
      out: `pool workers, from Fri 2026-12-04 13:00 on, times in Europe/Zurich
OPENS                 CLOSES                LASTS  FROM
Sat 2026-12-05 00:00  Sun 2026-12-06 00:00  1d     pools[0].windows[2] (Patch day)
Tue 2026-12-08 22:00  Wed 2026-12-09 03:00  5h     pools[0].windows[0], pools[0].windows[1]
Tue 2026-12-15 22:00  Wed 2026-12-16 02:00  4h     pools[0].windows[0]
Tue 2027-01-05 22:00  Wed 2027-01-06 02:00  4h     pools[0].windows[0]
`,
    });
  });

  test('prints all pools, and says of each that is never open', async () => {
    const { out } = await windows('--count', '2');
    expect(out.split('\n\n').slice(1).join('\n\n')).toBe(
      `pool gpu, from Fri 2026-12-04 07:00 on, times in America/New_York
OPENS                 CLOSES                LASTS  FROM
is open               Fri 2026-12-18 00:00         pools[1].windows[0]
Tue 2027-01-05 00:00  never                        pools[1].windows[0]

pool never, from Fri 2026-12-04 13:00 on, times in Europe/Zurich
no window opens within ten years
`,
    );
  });

  test('prints one JSON array, in UTC', async () => {
    const { out, exit } = await windows('--pool', 'workers', '--count', '2', '--json');
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toEqual([
      {
        opens: '2026-12-04T23:00:00.000Z',
        closes: '2026-12-05T23:00:00.000Z',
        from: 'pools[0].windows[2] (Patch day)',
      },
      {
        opens: '2026-12-08T21:00:00.000Z',
        closes: '2026-12-09T02:00:00.000Z',
        from: 'pools[0].windows[0], pools[0].windows[1]',
      },
    ]);
  });

  test('has in JSON null for an end that is none, where it has been open for ever and where it never closes, and the pool where there are several', async () => {
    const { out } = await windows('--json', '--count', '2', '--from', '2026-12-17T12:00Z');
    expect((JSON.parse(out) as { pool: string }[]).filter(({ pool }) => pool === 'gpu')).toEqual([
      {
        pool: 'gpu',
        opens: null,
        closes: '2026-12-18T05:00:00.000Z',
        from: 'pools[1].windows[0]',
      },
      { pool: 'gpu', opens: '2027-01-05T05:00:00.000Z', closes: null, from: 'pools[1].windows[0]' },
    ]);
    expect((await windows('--json', '--pool', 'never')).out).toBe('[]\n');
  });

  test.each([
    { name: 'a day of the zone', from: '2026-12-09', opens: '2026-12-08T21:00:00.000Z' },
    { name: 'a time of the zone', from: '2026-12-09T03:00', opens: '2026-12-15T21:00:00.000Z' },
    { name: 'an instant', from: '2026-12-09T01:59:59.999Z', opens: '2026-12-08T21:00:00.000Z' },
    {
      name: 'a time with its offset',
      from: '2026-12-09T10:00+08:00',
      opens: '2026-12-15T21:00:00.000Z',
    },
  ])('begins at $name, with the opening that is under way', async ({ from, opens }) => {
    const { out } = await windows('--json', '--pool', 'workers', '--count', '1', '--from', from);
    expect(JSON.parse(out)).toMatchObject([{ opens }]);
  });

  test('G9: refuses a bad policy with file, line, path and rule, all at once', async () => {
    writeFileSync(
      path,
      POLICY.replace('0 23 * * 2#2', '0 23 31 2 *').replace('always: true', 'always: no'),
    );
    expect(await windows()).toEqual({
      exit: 1,
      out: '',
      err: `policy.yaml:8 pools[0].windows[1].cron: this cron never fires: write a day that exists (found "0 23 31 2 *")
policy.yaml:14 pools[1].windows[0].always: write always: true, or another window (found "no")
`,
    });
  });

  test('G9: says which calendar cannot be read, and where it is written', async () => {
    rmSync(join(directory, 'calendars/plan.ics'));
    const { exit, out, err } = await windows();
    expect({ exit, out }).toEqual({ exit: 1, out: '' });
    expect(err).toMatch(
      /^policy\.yaml:10 pools\[0\]\.windows\[2\]\.calendar: calendar calendars\/plan\.ics cannot be read: ENOENT/,
    );
    expect((await windows('--pool', 'gpu')).exit).toBe(0);
  });

  test('ends with 1 without the file', async () => {
    const { exit, err } = await run('windows', '--policy', join(directory, 'nope.yaml'));
    expect({ exit, err }).toEqual({
      exit: 1,
      err: expect.stringMatching(/nope\.yaml: there is no such file\n$/),
    });
  });

  test.each([
    {
      argv: ['--pool', 'x'],
      err: '--pool: there is no pool named x: write one of workers, gpu, never\n',
    },
    { argv: ['--count', '0'], err: '--count: write a whole number from 1 to 1000, not "0"\n' },
    {
      argv: ['--count', '1001'],
      err: '--count: write a whole number from 1 to 1000, not "1001"\n',
    },
    {
      argv: ['--from', 'soon'],
      err: '--from: write a day or time that exists, like 2027-03-01, 2027-03-01T08:00 or …T07:00Z, not "soon"\n',
    },
    { argv: ['--form', 'x'], err: expect.stringMatching(/^unknown option '--form'/) },
    { argv: ['extra'], err: expect.stringMatching(/^too many arguments/) },
  ])('ends with 2 for $argv', async ({ argv, err }) => {
    expect(await windows(...argv)).toEqual({ exit: 2, out: '', err });
  });
});

describe('lockkeeper', () => {
  test('ends with 2 for a command that it does not know, and names one that is near', async () => {
    const { exit, err } = await run('windws');
    expect({ exit, err }).toEqual({ exit: 2, err: expect.stringMatching(/windows\?/) });
    expect((await run()).exit).toBe(2);
    expect((await run('windows')).err).toMatch(/--policy <file>/);
  });

  test.each([[['--help']], [['windows', '--help']], [['help', 'windows']]])(
    'helps with %j and ends with 0',
    async (argv) => {
      const { exit, out, err } = await run(...argv);
      expect({ exit, err }).toEqual({ exit: 0, err: '' });
      expect(out).toMatch(/Usage: lockkeeper .*Exit codes:/s);
    },
  );
});
