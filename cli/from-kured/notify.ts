import { variableFor, type Draft, type NotificationText, type Reader } from './draft.ts';
import type { OptionName } from './options.ts';

/** kured's three messages, as events of Lockkeeper. */
const TEMPLATES = {
  draining: 'message-template-drain',
  rebooting: 'message-template-reboot',
  returned: 'message-template-uncordon',
} as const satisfies Record<string, OptionName>;

/** Receivers kured's library knows (shoutrrr 0.8.0, router/servicemap.go). */
const SCHEMES =
  /^(bark|discord|generic(\+https?)?|gotify|googlechat|hangouts|ifttt|join|logger|matrix|mattermost|ntfy|opsgenie|pushbullet|pushover|rocketchat|slack|smtp|teams|telegram|zulip)$/;

const MORE =
  'kured has three messages; Lockkeeper has more, such as lost, failed and overdue: add them to `on`';

/** One entry for the receiver kured used. Its address is a secret, so the policy holds only the name of a variable. */
export function notifications(read: Reader, draft: Draft): void {
  const entry = receiver(read, draft);
  if (entry === undefined) {
    withoutReceiver(read);
    return;
  }
  draft.notifications.push({
    ...entry,
    on: Object.keys(TEMPLATES),
    templates: Object.fromEntries(
      Object.entries(TEMPLATES).flatMap(([event, name]) => {
        const text = template(read, name);
        return text === '' ? [] : [[event, text]];
      }),
    ),
  });
}

type Receiver = Pick<NotificationText, 'slack' | 'url' | 'username' | 'channel'>;

function receiver(read: Reader, draft: Draft): Receiver | undefined {
  if (isGiven(read, 'notify-url')) return byUrl(read, draft);
  return isGiven(read, 'slack-hook-url') ? byHook(read, draft) : undefined;
}

function byUrl(read: Reader, draft: Draft): Receiver {
  if (isGiven(read, 'slack-hook-url')) {
    read.note('slack-hook-url', 'has no effect in kured beside notify-url');
  }
  for (const name of ['slack-username', 'slack-channel'] as const) {
    if (isGiven(read, name)) read.note(name, 'belongs to slack-hook-url; notify-url has it inside');
  }
  const variable = store(read, draft, 'notify-url', 'NOTIFY_URL');
  checkScheme(read);
  return { url: variable };
}

function byHook(read: Reader, draft: Draft): Receiver {
  const variable = store(read, draft, 'slack-hook-url', 'SLACK_WEBHOOK_URL');
  checkHook(read);
  const [username, channel] = [read.text('slack-username'), read.text('slack-channel')];
  if (username === '') read.note('slack-username', 'is empty; here it is lockkeeper');
  return { slack: variable, ...(username && { username }), ...(channel && { channel }) };
}

/** The variable that stands for the address, after telling where its value has to come from. */
function store(read: Reader, draft: Draft, name: OptionName, base: string): string {
  const { elsewhere, values = [] } = read.setting(name) ?? {};
  const variable = variableFor(draft, base, elsewhere ?? values.join());
  const from = elsewhere ?? 'a Secret of yours that holds the same address';
  read.note(name, `give the worker the environment variable ${variable} from ${from}. ${MORE}`);
  return `\${${variable}}`;
}

function isGiven(read: Reader, name: OptionName): boolean {
  const setting = read.setting(name);
  return setting?.elsewhere !== undefined || Boolean(setting?.values.at(-1));
}

/** kured strips quotes around the address; the rest of it is never looked at aloud. */
function schemeOf(read: Reader, name: OptionName): string | undefined {
  const [, scheme] =
    /^["']?([a-z][a-z0-9+.-]*):\/\//i.exec(read.setting(name)?.values.at(-1) ?? '') ?? [];
  return scheme?.toLowerCase();
}

function checkScheme(read: Reader): void {
  if (read.setting('notify-url')?.elsewhere !== undefined) return;
  const scheme = schemeOf(read, 'notify-url');
  if (scheme !== undefined && SCHEMES.test(scheme)) return;
  const what = scheme === undefined ? 'no scheme' : `the scheme ${scheme}://`;
  read.warn('notify-url', `it has ${what}, which kured's library does not know: it sent nothing`);
}

function checkHook(read: Reader): void {
  const address = read.setting('slack-hook-url')?.values.at(-1);
  if (address === undefined) return;
  const bare = address.replace(/^(["'])(.*)\1$/, '$2');
  const parts = URL.canParse(bare) ? new URL(bare).pathname.split('/').filter(Boolean) : [];
  if (parts.filter((part, index) => index > 0 || part !== 'services').length === 3) return;
  const text =
    'its path is not Slack\'s /services/A/B/C, so kured 1.23 sends nothing to it; Lockkeeper posts {"text", "username"} to any address';
  read.warn('slack-hook-url', text);
}

/** fmt.Sprintf(template, node): %s and %v are the node, %% is a percent sign. Empty: the usual words. */
function template(read: Reader, name: OptionName): string {
  const text = read.text(name);
  if (text === '') read.note(name, "is empty; here Lockkeeper's own words stand");
  else if (!/%[sv]/.test(text)) {
    read.note(
      name,
      'has no %s, where kured adds "%!(EXTRA string=…)"; here the text stays as it is',
    );
  }
  // Two braces in a row begin the name of a fact here, and are only text in kured.
  return text
    .replaceAll(/\{(?=\{)/g, '{ ')
    .replaceAll(/%([sv%])/g, (_, verb: string) => (verb === '%' ? '%' : '{{node}}'));
}

function withoutReceiver(read: Reader): void {
  for (const name of ['slack-username', 'slack-channel', ...Object.values(TEMPLATES)] as const) {
    if (isGiven(read, name)) read.note(name, 'has no effect without notify-url or slack-hook-url');
  }
}
