import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TlsFiles } from '../domain/http-schema.ts';
import type { CalendarCopy } from '../domain/window/plan.ts';
import { createAuthority } from '../lab/proxy/authority.ts';
import { Calendars } from './calendars.ts';
import { secretsOf } from './secrets.ts';
import { serveWeb, type WebServer } from './testing/web-server.ts';

const MINUTE = 60_000;
const PATH = '/private-token/plan.ics?key=secret';

const ics = (name: string): string =>
  `BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:${name}\r\nDTSTART:20261203T200000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;

const namesIn = ({ calendar }: CalendarCopy): string[] | undefined =>
  calendar?.events.map(({ summary }) => summary);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockkeeper-calendars-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** What the kubelet does with a ConfigMap: a new directory, a link to it, and that renamed over the old one. */
function publish(version: string, text: string): void {
  mkdirSync(join(directory, version));
  writeFileSync(join(directory, version, 'plan.ics'), text);
  symlinkSync(version, join(directory, '..data_tmp'));
  renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
}

type Answer = (response: ServerResponse) => void;

let server: WebServer;
let tls: TlsFiles;
let world: { nowMs: number; answer: Answer };
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockkeeper-calendars-ca-'));
  const authority = await createAuthority('tests');
  tls = { caFile: join(folder, 'ca.crt') };
  writeFileSync(join(folder, 'ca.crt'), authority.cert);
  const pair = await authority.issue({ name: 'calendar.test' });
  server = await serveWeb((_asked, response) => world.answer(response), pair);
});
afterAll(async () => {
  await server.close();
  rmSync(join(tls.caFile ?? '', '..'), { recursive: true });
});
beforeEach(() => {
  server.asked.length = 0;
});

const says =
  (text: string, status = 200): Answer =>
  (response) =>
    response.writeHead(status).end(text);

/** Calendars with a clock that stands still and an address that answers as it is told. */
const onStage = (answer: Answer = says(ics('A'))) => {
  world = { nowMs: 0, answer };
  const told: string[] = [];
  const calendars = new Calendars({
    directory,
    nowMs: () => world.nowMs,
    told: (problem) => told.push(problem),
    secrets: secretsOf({}),
  });
  return {
    told,
    read: () => calendars.read(`${server.url}${PATH}`, tls),
    /** Some time after the file was read before. */
    readFile: (place: string) => {
      world.nowMs += 10_000;
      return calendars.read(place);
    },
    calendars,
  };
};

describe('a file', () => {
  test('is read relative to the directory of the policy, and again when it changes', async () => {
    const { readFile, told } = onStage();
    const path = join(directory, 'plan.ics');
    writeFileSync(path, ics('A'));
    const first = await readFile('plan.ics');
    expect(namesIn(first)).toEqual(['A']);
    expect(await readFile('plan.ics')).toBe(first);
    expect(namesIn(await readFile(path))).toEqual(['A']);
    writeFileSync(path, ics('B'));
    expect(namesIn(await readFile('plan.ics'))).toEqual(['B']);
    expect(told).toEqual([]);
  });

  test('in a mounted ConfigMap is read again when its link is renamed, also by a path through it', async () => {
    const { readFile, told } = onStage();
    publish('..1', ics('A'));
    symlinkSync(join('..data', 'plan.ics'), join(directory, 'plan.ics'));
    for (const [version, name] of [
      ['..2', 'B'],
      ['..3', 'C'],
    ] as const) {
      await readFile('plan.ics');
      publish(version, ics(name));
      expect(namesIn(await readFile('plan.ics'))).toEqual([name]);
      expect(namesIn(await readFile('..data/plan.ics'))).toEqual([name]);
    }
    publish('..4', 'Sign in');
    expect(await readFile('plan.ics')).toMatchObject({ problem: expect.any(String) });
    expect(namesIn(await readFile('plan.ics'))).toEqual(['C']);
    expect(told).toHaveLength(1);
  });

  test('is read at most every ten seconds, however many look', async () => {
    const { readFile, calendars } = onStage();
    const path = join(directory, 'plan.ics');
    writeFileSync(path, ics('A'));
    const first = await readFile('plan.ics');
    writeFileSync(path, ics('B'));
    world.nowMs += 9_999;
    expect(await calendars.read('plan.ics')).toBe(first);
    world.nowMs += 1;
    expect(namesIn(await calendars.read('plan.ics'))).toEqual(['B']);
  });

  test('that is not there says so once, and is read as soon as it is', async () => {
    const { readFile, told } = onStage();
    const first = await readFile('plan.ics');
    expect(first).toEqual({
      problem: expect.stringMatching(/^calendar plan\.ics cannot be read: ENOENT/),
    });
    expect(await readFile('plan.ics')).toBe(first);
    expect(told).toEqual([first.problem]);
    writeFileSync(join(directory, 'plan.ics'), ics('A'));
    expect(await readFile('plan.ics')).toEqual({ calendar: expect.anything() });
  });

  test('that turns bad keeps its last good copy, and says so in the same words until it is mended', async () => {
    const { readFile, told } = onStage();
    const path = join(directory, 'plan.ics');
    writeFileSync(path, ics('A'));
    await readFile('plan.ics');
    writeFileSync(path, 'Sign in');
    const bad = await readFile('plan.ics');
    expect(namesIn(bad)).toEqual(['A']);
    expect(bad.problem).toMatch(
      /^calendar plan\.ics cannot be read, its last good copy is used: it is not iCalendar/,
    );
    expect(await readFile('plan.ics')).toBe(bad);
    expect(told).toHaveLength(1);
    writeFileSync(path, ics('A'));
    const mended = await readFile('plan.ics');
    expect(mended.problem).toBeUndefined();
    writeFileSync(path, 'Sign in');
    await readFile('plan.ics');
    expect(told).toHaveLength(2);
  });
});

test.each([
  ['a device', '/dev/zero', 'it is no regular file'],
  ['a directory', '/', 'it is no regular file'],
  ['a pipe', 'pipe.ics', 'it is no regular file'],
  ['a link to a device', 'link.ics', 'it is no regular file'],
  ['endless', 'long.ics', 'it is longer than 10 MB'],
])('a calendar that is %s is not read', async (_, place, because) => {
  execFileSync('mkfifo', [join(directory, 'pipe.ics')]);
  symlinkSync('/dev/zero', join(directory, 'link.ics'));
  writeFileSync(join(directory, 'long.ics'), '');
  truncateSync(join(directory, 'long.ics'), 10_000_001);
  expect(await onStage().readFile(place)).toEqual({
    problem: `calendar ${place} cannot be read: ${because}`,
  });
});

describe('an address', () => {
  test('is asked at most every ten minutes, and the same copy is given while nothing changes', async () => {
    const { read } = onStage();
    const first = await read();
    expect(namesIn(first)).toEqual(['A']);
    world.nowMs = 10 * MINUTE - 1;
    expect(await read()).toBe(first);
    expect(server.asked).toMatchObject([{ path: PATH, headers: { accept: 'text/calendar' } }]);
    world.nowMs = 10 * MINUTE;
    expect((await read()).calendar).toBe(first.calendar);
    expect(server.asked).toHaveLength(2);
    world.answer = says(ics('B'));
    world.nowMs = 20 * MINUTE;
    expect(namesIn(await read())).toEqual(['B']);
  });

  test('is asked once however many ask at the same time', async () => {
    const { read } = onStage();
    const all = await Promise.all([read(), read(), read()]);
    expect(server.asked).toHaveLength(1);
    expect(new Set(all).size).toBe(1);
  });

  test('is known by the authority of its window, and asked anew by another', async () => {
    const { read, calendars } = onStage();
    expect((await calendars.read(`${server.url}${PATH}`)).problem).toMatch(/certificate/);
    expect(namesIn(await read())).toEqual(['A']);
  });

  test.each<[name: string, answer: Answer, because: RegExp]>([
    ['refuses', says('who?', 403), /it answers 403 Forbidden: who\?$/],
    [
      'repeats what it was asked',
      says(`nothing at ${PATH}`, 404),
      /it answers 404 Not Found: nothing at …$/,
    ],
    ['answers with a page', says('<html>'), /it is not iCalendar/],
    ['answers without end', says('x'.repeat(10_000_001)), /its answer is longer than 10 MB$/],
    [
      'leads to an address without encryption',
      (response) =>
        response.writeHead(302, { location: 'http://127.0.0.1:1/private-token/' }).end(),
      /it redirects to plain http$/,
    ],
  ])(
    'that %s says so without its secret, and keeps its last good copy',
    async (_, answer, because) => {
      const { read, told } = onStage(answer);
      const never = await read();
      expect(never.calendar).toBeUndefined();
      expect(never.problem).toMatch(because);
      expect(never.problem).toContain(`calendar ${server.url}/… cannot be read: `);

      world.answer = says(ics('A'));
      world.nowMs = MINUTE;
      expect((await read()).problem).toBeUndefined();

      world.answer = answer;
      world.nowMs = 11 * MINUTE;
      const last = await read();
      expect(namesIn(last)).toEqual(['A']);
      expect(last.problem).toContain(
        `calendar ${server.url}/… cannot be read, its last good copy is used: `,
      );
      world.nowMs = 12 * MINUTE;
      expect(await read()).toBe(last);
      expect(told).toEqual([never.problem, last.problem]);
      expect(told.join()).not.toMatch(/private-token|secret/);
    },
  );

  test('that does not answer is given up after ten seconds', async () => {
    const { read } = onStage(() => undefined);
    expect((await read()).problem).toMatch(/: no answer within 10s$/);
  }, 20_000);

  test('that is in trouble is asked again after a minute, not at every look', async () => {
    const { read } = onStage(says('', 500));
    await read();
    world.nowMs = MINUTE - 1;
    await read();
    expect(server.asked).toHaveLength(1);
    world.nowMs = MINUTE;
    await read();
    expect(server.asked).toHaveLength(2);
  });
});
