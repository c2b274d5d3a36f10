import { describe, expect, test } from '@jest/globals';
import { readPolicy } from '../policy-text.ts';
import { Policy } from '../policy.ts';
import { EVENTS } from './events.ts';
import { wants, type Receiver } from './receivers.ts';

const policyWith = (...notifications: object[]) => ({
  pools: [{ name: 'workers', nodes: 'pool=workers', windows: [{ always: true }] }],
  notifications,
});

function receivers(...notifications: object[]): readonly Receiver[] {
  return Policy.parse(policyWith(...notifications)).notifications;
}

/** What is wrong with a policy with one receiver, without the name of the file and the line. */
function refusals(...notifications: object[]): string[] {
  const read = readPolicy(JSON.stringify(policyWith(...notifications)), 'policy.yaml');
  if (read.kind === 'policy') return [];
  return read.problems.map((problem) => problem.replace('policy.yaml:1 notifications', ''));
}

describe('a receiver', () => {
  test('is notified of everything, under the name lockkeeper, when nothing else is written', () => {
    expect(receivers({ slack: '${SLACK_WEBHOOK_URL}' })).toEqual([
      {
        name: 'slack ${SLACK_WEBHOOK_URL}',
        target: {
          kind: 'slack',
          address: { variable: 'SLACK_WEBHOOK_URL' },
          username: 'lockkeeper',
        },
        on: EVENTS,
        templates: {},
      },
    ]);
  });

  test('is named by where its address is, or as the policy names it, and never like another', () => {
    const names = receivers(
      { slack: '${A}' },
      { slack: '${A}', channel: '#b' },
      { name: 'ops', url: { file: '/secrets/url' } },
      { teams: { file: '/secrets/teams' } },
      { webhook: { url: 'http://hooks.ops:8080/nodes', secret: '${S}' } },
      { email: { server: 'smtp.example.org', from: 'a@example.org', to: ['b@example.org'] } },
    ).map(({ name }) => name);
    expect(names).toEqual([
      'slack ${A}',
      'slack ${A} (2)',
      'ops',
      'teams /secrets/teams',
      'webhook http://hooks.ops:8080/nodes',
      'email to b@example.org',
    ]);
  });
});

describe('a receiver wants to hear', () => {
  const [some] = receivers({ slack: '${A}', on: ['lost', 'policyRefused'], pools: ['workers'] });

  test.each([
    ['of its pool', { event: 'lost', pool: 'workers' }, true],
    ['not of another pool', { event: 'lost', pool: 'edge' }, false],
    ['of what concerns no pool', { event: 'policyRefused' }, true],
    ['of nothing that is not on its list', { event: 'draining', pool: 'workers' }, false],
  ] as const)('%s', (_, notice, expected) => {
    expect(wants(some as Receiver, notice)).toBe(expected);
  });
});

const mail = (changes: object) => ({
  email: { server: 'smtp.example.org', from: 'a@example.org', to: ['b@example.org'], ...changes },
});
const SECRET =
  'write ${NAME}, an environment variable of the worker, or { file: /its/path }' as const;
const ADDRESS =
  'write an http or https address without user, password and query; or ${NAME}, or { file: /its/path }';

describe('G9: notifications are refused', () => {
  test.each<[string, object, string[]]>([
    [
      'with keys of another kind',
      { teams: '${A}', username: 'a', channel: '#b' },
      [
        '[0].username: username belongs to slack (found "a")',
        '[0].channel: channel belongs to slack (found "#b")',
      ],
    ],
    [
      'with an empty list of events',
      { slack: '${A}', on: [] },
      ['[0].on: write at least one event'],
    ],
    [
      'with a mail server that is none',
      mail({ server: 'smtp example', port: 0, tls: 'maybe' }),
      [
        '[0].email.server: write the name of a mail server, like smtp.example.org (found "smtp example")',
        '[0].email.port: write a port from 1 to 65535 (found 0)',
        '[0].email.tls: write starttls, always or never (found "maybe")',
      ],
    ],
    [
      'with addresses that would put words of their own into a mail',
      mail({ from: 'a@example.org\r\nBcc: c@example.org', to: ['Ann <b@example.org>'] }),
      [
        '[0].email.from: write an address like ops@example.org (found "a@example.org\\r\\nBcc: c@example.org")',
        '[0].email.to[0]: write an address like ops@example.org (found "Ann <b@example.org>")',
      ],
    ],
    [
      'with a name that is none',
      { name: 'Ops!', slack: '${A}' },
      ['[0].name: write a name of lower-case letters, digits and dashes (found "Ops!")'],
    ],
  ])('%s', (_, written, expected) => {
    expect(refusals(written)).toEqual(expected);
  });

  test.each([
    ['of a receiver', { slack: '${A}', chanel: '#b' }, 'chanel'],
    ['of a mail', mail({ sever: 'x' }), 'sever'],
    ['of a webhook', { webhook: { url: '${A}', secret: '${B}', header: 'x' } }, 'header'],
  ])('with an unknown key %s', (_, written, key) => {
    const problems = refusals(written);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(key);
  });
});

describe('a secret that is written into the policy', () => {
  test.each<[string, object, string]>([
    ['an address of Teams', { teams: 'https://example.org/T0PS3CRET' }, `[0].teams: ${SECRET}`],
    ['an address as kured has it', { url: 'slack://T0PS3CRET' }, `[0].url: ${SECRET}`],
    [
      'a part of an address',
      { slack: 'https://example.org/${A}?T0PS3CRET' },
      `[0].slack: ${SECRET}`,
    ],
    [
      'the secret of a webhook',
      { webhook: { url: '${A}', secret: 'T0PS3CRET' } },
      `[0].webhook.secret: ${SECRET}`,
    ],
    [
      'a token in the address of a webhook',
      { webhook: { url: 'https://example.org/?t=T0PS3CRET', secret: '${A}' } },
      `[0].webhook.url: ${ADDRESS}`,
    ],
    ['a password', mail({ user: 'a', password: 'T0PS3CRET' }), `[0].email.password: ${SECRET}`],
  ])('is refused and not repeated: %s', (_, written, expected) => {
    const problems = refusals(written);
    expect(problems.map((problem) => problem.replace(/ \(found .*/, ''))).toEqual([expected]);
    expect(problems.join()).not.toContain('T0PS3CRET');
  });
});
