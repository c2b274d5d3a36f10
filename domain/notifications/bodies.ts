import { FACTS, type Notice } from './events.ts';
import { factsIn } from './templates.ts';
import { present } from '../present.ts';

/** What is posted to receivers; pure, so that every body can be shown. */

/** Exactly what Slack's webhooks take, and what people feed to flows of their own. */
export function slackBody(
  text: string,
  { username, channel }: { readonly username: string; readonly channel?: string },
): object {
  return present({ text, username, channel });
}

interface FactLine {
  readonly title: string;
  readonly value: string;
}

/** What is known, a line each, without what the text says anyway. */
export function factLines(notice: Notice): FactLine[] {
  const facts = factsIn(notice);
  return FACTS.flatMap((title) => {
    const value = facts[title];
    return value === undefined || title === 'event' ? [] : [{ title, value }];
  });
}

/** A message with an Adaptive Card, as the workflows of Teams take it. */
export function adaptiveCard(text: string, facts: readonly FactLine[]): object {
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            { type: 'TextBlock', text, wrap: true, weight: 'Bolder' },
            ...(facts.length === 0 ? [] : [{ type: 'FactSet', facts }]),
          ],
        },
      },
    ],
  };
}

/** Everything that is known, and the words for it. */
export function webhookBody(notice: Notice, text: string): object {
  return { id: notice.id, ...factsIn(notice), text };
}

/** A mail: its subject is the message. */
export function mailText(notice: Notice, text: string): { subject: string; text: string } {
  const [first = ''] = text.split('\n');
  const lines = factLines(notice).map(({ title, value }) => `${title}: ${value}`);
  return { subject: first.slice(0, 200), text: `${text}\n\n${lines.join('\n')}\n` };
}
