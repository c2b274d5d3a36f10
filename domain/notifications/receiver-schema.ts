import { z } from 'zod';
import { isObject } from '../fields.ts';
import { whenObject } from '../gates/written-forms.ts';
import { checkTls, isPlainAddress, tls } from '../http-schema.ts';
import { present } from '../present.ts';
import { EVENTS } from './events.ts';
import type { Receiver, Target } from './receivers.ts';
import { sayPlace, secret, type Secret } from '../secret-schema.ts';
import { templateProblem } from './templates.ts';

/** The key `notifications` of the policy. */

const KINDS = ['slack', 'teams', 'email', 'webhook', 'url'] as const;
const KIND_RULE = `write exactly one of ${KINDS.join(', ')}`;
const EVENT_RULE = `there is ${EVENTS.join(', ')}`;
const HOST_RULE = 'write the name of a mail server, like smtp.example.org';
const MAIL_RULE = 'write an address like ops@example.org';
const PORT_RULE = 'write a port from 1 to 65535';

const mailAddress = z.string(MAIL_RULE).regex(/^[^\s@<>",;:]+@[^\s@<>",;:]+$/, MAIL_RULE);

const Email = z
  .strictObject({
    server: z
      .string(HOST_RULE)
      .regex(/^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$/, HOST_RULE)
      .describe('The mail server that takes it'),
    port: z
      .int(PORT_RULE)
      .min(1, PORT_RULE)
      .max(65_535, PORT_RULE)
      .default(587)
      .describe('Its port'),
    tls: z
      .enum(['starttls', 'always', 'never'], 'write starttls, always or never')
      .default('starttls')
      .describe('starttls: the connection is encrypted before anything is sent, or not used'),
    from: mailAddress.describe('Who the mail is from'),
    to: z
      .array(mailAddress, 'write a list of addresses')
      .min(1, 'write at least one address')
      .describe('Who gets it'),
    user: z.string().min(1).optional().describe('Who logs in at the server; with password'),
    password: secret.optional().describe('The password of user'),
  })
  .superRefine(({ user, password }, context) => {
    if ((user === undefined) === (password === undefined)) return;
    const path = [user === undefined ? 'user' : 'password'];
    context.addIssue({ code: 'custom', path, message: 'write user and password together' });
  });

const ADDRESS_RULE =
  'write an http or https address without user, password and query; or ${NAME}, or { file: /its/path }';

/** An address that is no secret, as of a service in the cluster. */
const plainAddress = z
  .string()
  .refine(isPlainAddress)
  .transform((plain) => ({ plain }));

const Webhook = z.strictObject({
  url: z.union([secret, plainAddress], ADDRESS_RULE).describe('Where the JSON is posted to'),
  secret: secret.describe('What the signature is made with'),
});

const ReceiverSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
      'write a name of lower-case letters, digits and dashes',
    )
    .optional()
    .describe('Names it in logs; default: its kind and where its address is found'),
  slack: secret.optional().describe('Address that takes Slack\'s {"text", "username"}'),
  username: z.string().min(1).optional().describe('slack: who speaks. Default: lockkeeper'),
  channel: z.string().min(1).optional().describe('slack: sent only when it is given'),
  teams: secret.optional().describe('Address of a Teams workflow; it gets an Adaptive Card'),
  email: Email.optional().describe('Mail by SMTP'),
  webhook: Webhook.optional().describe('Signed JSON with everything that is known'),
  url: secret.optional().describe("An address as kured's notify-url has it, or a plain https one"),
  tls,
  on: z
    .array(z.enum(EVENTS, EVENT_RULE), 'write a list of events')
    .min(1, 'write at least one event')
    .optional()
    .describe('What it is notified of; default: everything'),
  pools: z
    .array(z.string())
    .min(1, 'write at least one pool')
    .optional()
    .describe('Pools it is notified of; default: all. What concerns no pool is sent in any case'),
  templates: z
    .partialRecord(z.enum(EVENTS, EVENT_RULE), z.string('write a text').min(1, 'write a text'))
    .default({})
    .describe('Words for events, in which {{node}} and other facts are replaced'),
});

type ReceiverInput = z.output<typeof ReceiverSchema>;

/** Goes on whatever is wrong inside, so that all problems are shown at once. */
const receiver = ReceiverSchema.superRefine((written, context) => {
  const refuse = (path: string[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  const kinds = KINDS.filter((kind) => Object.hasOwn(written, kind));
  if (kinds.length !== 1) refuse([], KIND_RULE);
  for (const key of ['username', 'channel']) {
    if (Object.hasOwn(written, key) && kinds.length === 1 && kinds[0] !== 'slack') {
      refuse([key], `${key} belongs to slack`);
    }
  }
  checkTls(written.tls, plainAddressIn(written), (key, message) =>
    refuse(key === undefined ? [] : [key], message),
  );
  for (const { event, template } of templatesIn(written)) {
    const problem = templateProblem(template, event);
    if (problem !== undefined) refuse(['templates', event], problem);
  }
}, whenObject);

/** As it is written, or as it has been read; any other address is found at its secret only. */
function plainAddressIn({ webhook }: { webhook?: unknown }): unknown {
  const { url } = Object(webhook) as { url?: unknown };
  return isObject(url) ? url['plain'] : url;
}

function templatesIn({ templates }: { templates?: unknown }) {
  if (!isObject(templates)) return [];
  return EVENTS.flatMap((event) => {
    const template = templates[event];
    return typeof template === 'string' ? [{ event, template }] : [];
  });
}

export const notifications = z
  .array(receiver, 'write a list of receivers')
  .prefault([])
  .superRefine(
    (receivers, context) => {
      for (const [index, { name }] of receivers.entries()) {
        const first = receivers.findIndex((other) => other.name === name);
        if (name === undefined || first === index) continue;
        const message = `there is another receiver named ${name}`;
        context.addIssue({ code: 'custom', path: [index, 'name'], message });
      }
    },
    { when: ({ value }) => Array.isArray(value) && value.every(isObject) },
  )
  .transform(named)
  .describe('Who is notified of what');

/** Every receiver has a name; those of the same address are numbered. */
function named(written: readonly ReceiverInput[]): readonly Receiver[] {
  const names = written.map(defaultName);
  return written.map((one, index) => {
    const before = names.slice(0, index).filter((name) => name === names[index]).length;
    const number = before === 0 ? '' : ` (${before + 1})`;
    const { on, pools, templates, tls: files } = one;
    return {
      name: `${names[index]}${number}`,
      target: targetOf(one),
      on: on ?? EVENTS,
      templates,
      ...present({ pools, tls: files }),
    };
  });
}

function defaultName(written: ReceiverInput): string {
  if (written.name !== undefined) return written.name;
  const target = targetOf(written);
  if (target.kind === 'email') return `email to ${target.to.join(', ')}`;
  return `${target.kind} ${formatAddress(target.address)}`;
}

const formatAddress = (address: Secret | { plain: string }): string =>
  'plain' in address ? address.plain : sayPlace(address);

function targetOf(written: ReceiverInput): Target {
  const { slack, username = 'lockkeeper', channel, teams, email, webhook, url } = written;
  if (slack) return { kind: 'slack', address: slack, username, ...present({ channel }) };
  if (teams) return { kind: 'teams', address: teams };
  if (webhook) return { kind: 'webhook', address: webhook.url, secret: webhook.secret };
  if (url) return { kind: 'url', address: url };
  if (!email) throw new Error(KIND_RULE);
  const { user, password, ...server } = email;
  return { kind: 'email', ...server, ...(user && password ? { login: { user, password } } : {}) };
}
