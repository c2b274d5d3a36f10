import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditTail, toldBy } from './audit-tail.ts';

const NODE = { kind: 'Node', metadata: { name: 'n1', resourceVersion: '7' } };
const AT = '2026-11-24T22:00:00.500000Z';

function aLine(more: object): string {
  const event = {
    verb: 'patch',
    user: { username: 'ann' },
    objectRef: { resource: 'nodes', name: 'n1' },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: AT,
    ...more,
  };
  return `${JSON.stringify(event)}\n`;
}

const anEviction = {
  verb: 'create',
  objectRef: { resource: 'pods', subresource: 'eviction', namespace: 'shop', name: 'web-1' },
  requestObject: { deleteOptions: { preconditions: { uid: 'u-1' } } },
  responseStatus: { code: 201 },
};
const aDeletion = {
  verb: 'delete',
  objectRef: { resource: 'pods', namespace: 'shop', name: 'web-1' },
  requestObject: { preconditions: { uid: 'u-1' } },
};

describe('a line of the audit log', () => {
  const atMs = Date.UTC(2026, 10, 24, 22, 0, 0, 500);
  const moved = { kind: 'pod-moved', user: 'ann', atMs, namespace: 'shop', name: 'web-1' };

  test.each<{ name: string; event: object; told: object[] }>([
    {
      name: 'of a deletion by name alone tells the name',
      event: { ...aDeletion, requestObject: undefined },
      told: [{ ...moved, how: 'deleted', uid: undefined }],
    },
    {
      name: 'of a refused write tells nothing',
      event: { responseObject: { kind: 'Status' }, responseStatus: { code: 409 } },
      told: [],
    },
    {
      name: 'of a blocked eviction tells nothing',
      event: { ...anEviction, responseStatus: { code: 429 } },
      told: [],
    },
    { name: 'of a read tells nothing', event: { verb: 'get' }, told: [] },
    {
      name: 'of another thing done to a pod tells nothing',
      event: { objectRef: { ...anEviction.objectRef, subresource: 'binding' }, verb: 'create' },
      told: [],
    },
    {
      name: 'of other objects tells nothing',
      event: { objectRef: { resource: 'leases', name: 'nodes' }, responseObject: NODE },
      told: [],
    },
  ])('$name', ({ event, told }) => {
    expect(toldBy(aLine(event))).toEqual(told);
  });

  test('that was cut tells nothing', () => {
    expect(toldBy(aLine({ responseObject: NODE }).slice(5))).toEqual([]);
  });
});

const users = async (tail: AuditTail) => (await tail.read()).map(({ user }) => user);
const by = (username: string) => aLine({ user: { username }, responseObject: NODE });

describe('the tail of the audit log', () => {
  let dir: string;
  let path: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lockkeeper-audit-tail-'));
    path = join(dir, 'audit.log');
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });

  test('begins where the log ends, and tells everything once', async () => {
    await writeFile(path, by('before'));
    const tail = new AuditTail(path);
    await tail.open();
    expect(await users(tail)).toEqual([]);
    await appendFile(path, by('one') + by('two'));
    expect(await users(tail)).toEqual(['one', 'two']);
    expect(await users(tail)).toEqual([]);
    await appendFile(path, by('three'));
    expect(await users(tail)).toEqual(['three']);
  });

  test('waits for the rest of a line, also one cut within a letter', async () => {
    const tail = new AuditTail(path);
    await tail.open();
    const line = Buffer.from(by('zoë'));
    const within = line.indexOf(Buffer.from('ë')) + 1;
    await writeFile(path, line.subarray(0, within));
    expect(await users(tail)).toEqual([]);
    await appendFile(path, line.subarray(within));
    expect(await users(tail)).toEqual(['zoë']);
  });
});
