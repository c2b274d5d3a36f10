import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { signed } from '../activities/notify/sign.ts';
import {
  adaptiveCard,
  factLines,
  mailText,
  slackBody,
  webhookBody,
} from '../domain/notifications/bodies.ts';
import { EVENT_INFO, EVENTS, type Notice } from '../domain/notifications/events.ts';
import { textOf } from '../domain/notifications/templates.ts';

const page = `\n${readFileSync(new URL('notifications.md', import.meta.url), 'utf8')}`;

/** The first block under a heading. */
function block(heading: string, language: string): string {
  const [, section = ''] = page.split(`\n${heading}\n`);
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section)?.[1] ?? '';
}

const NOTICE: Notice = {
  id: '0199e0c6-5d7e-7c3a-8f56-2f0f1b6a4a11/7/draining',
  event: 'draining',
  atMs: Date.UTC(2026, 10, 24, 21, 5),
  node: 'worker-7',
  pool: 'workers',
  rollout: 'node-rollout/worker-7',
};
const TEXT = textOf(NOTICE, {});

test('the table of events is that of the code', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (.*?) +\| (.*?) +\| (.*?) +\|$/gm)].map((row) =>
    row.slice(1).map((cell) => cell.trim()),
  );
  const shown = rows.filter(([event]) => EVENTS.some((known) => known === event));
  expect(shown).toEqual(
    EVENTS.map((event) => {
      const { meaning, facts, text } = EVENT_INFO[event];
      const named = facts.map((fact) => `\`{{${fact}}}\``).join(' ');
      return [event, meaning, named, text];
    }),
  );
});

describe('the body shown is what is sent:', () => {
  test('slack, to the letter', () => {
    const body = JSON.stringify(slackBody(TEXT, { username: 'lockkeeper' }));
    expect(block('### `slack`', 'text')).toBe(`${body}\n`);
  });

  test('teams', () => {
    const shown = JSON.parse(block('### `teams`', 'json')) as unknown;
    expect(shown).toEqual(adaptiveCard(TEXT, factLines(NOTICE)));
  });

  test('email', () => {
    const { subject, text: body } = mailText(NOTICE, TEXT);
    expect(block('### `email`', 'text')).toBe(`Subject: ${subject}\n\n${body}`);
  });

  test('webhook', () => {
    const shown = JSON.parse(block('### `webhook`', 'json')) as unknown;
    expect(shown).toEqual(webhookBody(NOTICE, TEXT));
  });
});

const sent = (secret: string) => {
  const body = JSON.stringify(webhookBody(NOTICE, 'Straße'));
  return { body, headers: signed({ id: NOTICE.id, atMs: 5_000, body }, secret) };
};

describe('the snippet that checks a signature', () => {
  type Check = (
    headers: Readonly<Record<string, string>>,
    body: string,
    secret: string,
    nowMs?: number,
  ) => boolean;
  const load = async (): Promise<Check> => {
    const code = encodeURIComponent(block('### `webhook`', 'js'));
    const loaded = (await import(`data:text/javascript,${code}`)) as { isFromLockkeeper: Check };
    return loaded.isFromLockkeeper;
  };

  test.each(['a secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])(
    'accepts what was signed with %s',
    async (secret) => {
      const { body, headers } = sent(secret);
      const check = await load();
      expect(check(headers, body, secret, 5_000)).toBe(true);
    },
  );

  test('refuses another body, another secret, another id, an old message and none', async () => {
    const { body, headers } = sent('a secret');
    const check = await load();
    expect(check(headers, `${body} `, 'a secret', 5_000)).toBe(false);
    expect(check(headers, body, 'another', 5_000)).toBe(false);
    expect(check({ ...headers, 'webhook-id': 'x' }, body, 'a secret', 5_000)).toBe(false);
    expect(check(headers, body, 'a secret', 400_000)).toBe(false);
    expect(check({}, body, 'a secret', 5_000)).toBe(false);
  });
});
