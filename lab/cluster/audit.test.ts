import { describe, expect, test } from '@jest/globals';
import { parseAudit } from './audit.ts';

function aLine(fields: { id: string; stage?: string; verb?: string; code?: number }): string {
  const event = {
    auditID: fields.id,
    stage: fields.stage ?? 'ResponseComplete',
    verb: fields.verb ?? 'get',
    user: { username: 'worker' },
    objectRef: { resource: 'nodes', name: 'n1' },
    responseStatus: { code: fields.code ?? 200 },
    requestReceivedTimestamp: '2026-11-23T10:00:00.500000Z',
  };
  return `${JSON.stringify(event)}\n`;
}

describe('the audit log', () => {
  test('says who did what to which object, and when', () => {
    expect(parseAudit(aLine({ id: '1', verb: 'patch', code: 409 }))).toEqual([
      {
        user: 'worker',
        verb: 'patch',
        group: '',
        resource: 'nodes',
        subresource: '',
        name: 'n1',
        namespace: '',
        code: 409,
        allowed: true,
        at: Date.UTC(2026, 10, 23, 10, 0, 0, 500),
      },
    ]);
  });

  test.each([
    {
      name: 'counts a watch once, although it is recorded when it opens and when it closes',
      text:
        aLine({ id: '1', verb: 'watch', stage: 'ResponseStarted' }) +
        aLine({ id: '2' }) +
        aLine({ id: '1', verb: 'watch' }),
      verbs: ['watch', 'get'],
    },
    {
      name: 'counts a watch that was refused before it opened',
      text: aLine({ id: '1', verb: 'watch', code: 403 }),
      verbs: ['watch'],
    },
    {
      name: 'leaves out a last line that is still being written',
      text: aLine({ id: '1' }) + aLine({ id: '2' }).slice(0, 40),
      verbs: ['get'],
    },
    { name: 'is empty before the first request', text: '', verbs: [] },
  ])('$name', ({ text, verbs }) => {
    expect(parseAudit(text).map(({ verb }) => verb)).toEqual(verbs);
  });
});
