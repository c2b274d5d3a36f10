import { present } from '../present.ts';
import type { Notice } from './events.ts';

/** How a receiver reads what it is sent: as Slack's markup, as the markup of some other chat, or as it stands. */
export type Markup = 'slack' | 'chat' | 'none';

/** Slack's own rule (its documentation, _Formatting text for app surfaces_, "Escaping text"). */
const SLACK: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Chats differ in how a sign is escaped; a sign that only looks like it means nothing to any of them. The first, for `&#64;` is
 * an at sign in Markdown.
 */
const CHAT: Readonly<Record<string, string>> = {
  '&': '＆',
  '<': '‹',
  '>': '›',
  '@': '＠',
  '[': '［',
  ']': '］',
};

const ESCAPE: Readonly<Record<Markup, (text: string) => string>> = {
  slack: (text) => text.replaceAll(/[&<>]/g, (sign) => SLACK[sign] ?? sign),
  chat: (text) => text.replaceAll(/[&<>@[\]]/g, (sign) => CHAT[sign] ?? sign),
  none: (text) => text,
};

/**
 * The notice with the words of others such that they call nobody and link nowhere. What the template of a policy says besides
 * stays as it is: its author may want to.
 */
export function escapeWords({ because, rollout, ...notice }: Notice, markup: Markup): Notice {
  const escape = ESCAPE[markup];
  return {
    ...notice,
    ...present({
      because: because === undefined ? undefined : escape(because),
      rollout: rollout === undefined ? undefined : escape(rollout),
    }),
  };
}
