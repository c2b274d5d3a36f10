import { address } from '../../domain/http-schema.ts';
import type { Reader } from './reader.ts';

/** What kured's addresses become: Prometheus and receivers. They are secrets, so the policy holds only names of variables. */

/** kured's Prometheus check. */
export function alerts(given: string, read: Reader): object | undefined {
  const access = accessOf(given, read);
  if (access === undefined) return undefined;
  const expression = read.value('alert-filter-regexp');
  const only = read.value('alert-filter-match-only');
  const all = 'without alert-filter-regexp every alert counts, as in kured';
  if (only && expression === '') read.note(all, 'alert-filter-match-only');
  return {
    ...access,
    ...(expression && { [only ? 'only' : 'ignore']: expression }),
    states: read.value('alert-firing-only') ? ['firing'] : ['pending', 'firing'],
  };
}

const NO_ADDRESS =
  'is not an address like http://prometheus.monitoring:9090, so kured never gets an answer and reboots nothing; gates.alerts is left out';
const NO_USER =
  'its user is empty or has a colon, which no server can tell from its password; basicAuth is left out';

/** The address without user, password and query, which may all be secrets; undefined for what is no address. */
function accessOf(given: string, read: Reader): object | undefined {
  const prometheus = given.replace(/[?#][\s\S]*$/, '').replace(/\/\/[^/]*@/, '//');
  if (!URL.canParse(given) || !address.safeParse(prometheus).success) {
    read.close(NO_ADDRESS);
    return undefined;
  }
  const { username, password, search, hash } = new URL(given);
  if (search !== '' || hash !== '') read.warn('what follows the "?" is left out');
  const user = decoded(username);
  if (password !== '' && /^[^:]+$/.test(user)) {
    const variable = read.variable('PROMETHEUS_PASSWORD', password);
    read.warn(`give the worker its password as ${variable}; ${TILL_THEN}`);
    return { prometheus, basicAuth: { username: user, password: `\${${variable}}` } };
  }
  if (password !== '') read.close(NO_USER);
  else if (username !== '') read.warn('its user, which has no password, is left out');
  return { prometheus };
}

const TILL_THEN = 'until it has that environment variable, the gate stays closed';

/** As it was meant; as it stands where its percent signs encode no text. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Receivers kured's library knows (shoutrrr 0.8.0, router/servicemap.go). */
const SCHEMES =
  /^(bark|discord|generic(\+https?)?|gotify|googlechat|hangouts|ifttt|join|logger|matrix|mattermost|ntfy|opsgenie|pushbullet|pushover|rocketchat|slack|smtp|teams|telegram|zulip)$/;

/** kured strips quotes around an address; the rest of it is never looked at aloud. */
export function url(given: string, read: Reader): string | undefined {
  const scheme = /^["']?([a-z][a-z0-9+.-]*):\/\//i.exec(given)?.[1]?.toLowerCase();
  const what = scheme === undefined ? 'no scheme' : `the scheme ${scheme}://`;
  const why = `it has ${what}, which kured's library does not know: it sent nothing`;
  return stored('NOTIFY_URL', given, read, SCHEMES.test(scheme ?? '') ? undefined : why);
}

const NO_HOOK =
  'its path is not Slack\'s /services/A/B/C, so kured 1.23 sends nothing to it; Lockkeeper posts {"text", "username"} to any address';

export function slack(given: string, read: Reader): string | undefined {
  const bare = given.replace(/^(["'])(.*)\1$/, '$2');
  const parts = URL.canParse(bare) ? new URL(bare).pathname.split('/').filter(Boolean) : [];
  const isSlack = parts.length - (parts[0] === 'services' ? 1 : 0) === 3;
  return stored('SLACK_WEBHOOK_URL', given, read, isSlack ? undefined : NO_HOOK);
}

const MORE =
  'kured has three messages; Lockkeeper has more, such as lost, failed and overdue: add them to `on`';

/** The variable that stands for the address, after telling where its value has to come from, and why kured sent nothing. */
function stored(base: string, given: string, read: Reader, why?: string): string | undefined {
  if (!read.has(read.name)) return undefined;
  const elsewhere = read.setting()?.elsewhere;
  const variable = read.variable(base, elsewhere ?? given);
  const from = elsewhere ?? 'a Secret of yours that holds the same address';
  read.note(`give the worker the environment variable ${variable} from ${from}. ${MORE}`);
  if (why !== undefined && elsewhere === undefined) read.warn(why);
  return `\${${variable}}`;
}

const NO_NODE = 'has no %s, where kured adds "%!(EXTRA string=…)"; here the text stays as it is';

/** fmt.Sprintf(template, node): %s and %v are the node, %% is a percent sign. */
export function template(text: string, read: Reader): string {
  if (!/%[sv]/.test(text)) read.note(NO_NODE);
  // Two braces in a row begin the name of a fact here, and are only text in kured.
  return text
    .replaceAll(/\{(?=\{)/g, '{ ')
    .replaceAll(/%([sv%])/g, (_, verb: string) => (verb === '%' ? '%' : '{{node}}'));
}
