import { formatDuration } from '../durations.ts';
import { EVENT_INFO, factsOf, type Fact, type Notice, type NoticeEvent } from './events.ts';
import { present } from '../present.ts';

/** The words of messages: `{{fact}}` is replaced, and nothing else happens. */

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;

/** Why a template cannot be used for the event, or undefined. */
export function templateProblem(template: string, event: NoticeEvent): string | undefined {
  const known = factsOf(event);
  const unknown = [...template.matchAll(PLACEHOLDER)]
    .map(([, name = '']) => name.trim())
    .filter((name) => !known.some((fact) => fact === name));
  if (unknown.length === 0) return undefined;
  const named = [...new Set(unknown)].map((name) => `{{${name}}}`).join(', ');
  return `there is no ${named} in ${event}; there is ${known.map((fact) => `{{${fact}}}`).join(', ')}`;
}

/** What people read: the template of the event, filled in; without one the text of the event. */
export function textOf(
  notice: Notice,
  templates: Readonly<Partial<Record<NoticeEvent, string>>>,
): string {
  const facts = factsIn(notice);
  const template = templates[notice.event] ?? defaultTemplate(notice);
  return template.replaceAll(PLACEHOLDER, (_, name: string) => factOr(facts, name.trim()));
}

/** kured says nothing of a node that stays cordoned, so there are no words of its own for it. */
function defaultTemplate({ event, because }: Notice): string {
  if (event === 'returned' && because !== undefined) {
    return 'Node {{node}} rebooted successfully; {{because}}';
  }
  return EVENT_INFO[event].text;
}

const factOr = (facts: Partial<Record<string, string>>, name: string): string =>
  facts[name] ?? '(unknown)';

/** Everything known of an event, in words; what is not known is absent. */
export function factsIn(notice: Notice): Partial<Record<Fact, string>> {
  const { event, atMs, sinceMs, node, pool, because, rollout } = notice;
  return {
    event,
    at: utc(atMs),
    ...present({ node, pool, because }),
    ...(sinceMs !== undefined && {
      since: utc(sinceMs),
      lasting: formatDuration(atMs - sinceMs),
    }),
    ...present({ rollout }),
  };
}

const utc = (ms: number): string => new Date(ms).toISOString();
