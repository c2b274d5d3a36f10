import {
  adaptiveCard,
  factLines,
  mailText,
  slackBody,
  webhookBody,
} from '../../domain/notifications/bodies.ts';
import type { Notice } from '../../domain/notifications/events.ts';
import type { Receiver, Target } from '../../domain/notifications/receivers.ts';
import { escapeWords } from '../../domain/notifications/markup.ts';
import { BadAddress } from '../../domain/notifications/services/address.ts';
import { postJson, type HttpCall } from '../../domain/notifications/services/call.ts';
import {
  markupAt,
  translate,
  type Transport,
} from '../../domain/notifications/services/translate.ts';
import type { MailTransport } from '../../domain/notifications/services/transports.ts';
import { textOf } from '../../domain/notifications/templates.ts';
import { tlsOptions } from '../http.ts';
import { Revealed, type Secrets } from '../secrets.ts';
import { carrier, type CarryOut } from './http.ts';
import { sendMail, type Certificates } from './mail.ts';
import { postToRooms } from './matrix.ts';
import { NotSent, notSent } from './not-sent.ts';
import { reach } from './reach.ts';
import { signed } from './sign.ts';

/** Sends notices to receivers, to each in its own way. Secrets are read for every message, and are in nothing that leaves here. */
export interface Messenger {
  /** Rejects with NotSent unless the receiver has taken it; gives up with the signal. */
  send(receiver: Receiver, notice: Notice, signal?: AbortSignal): Promise<void>;
  /** Why a receiver cannot be reached from here; undefined: it can. Connects as for a message, and sends none. */
  whyNotReached(receiver: Receiver): Promise<string | undefined>;
}

/**
 * How many messages to one receiver, and to all, are under way at the same time. A receiver that hangs holds a few of the
 * worker's hundred activities this way, and never all of them.
 */
const AT_ONCE = { receiver: 3, all: 12 } as const;
const RETRY_AFTER_MS = 3_000;

export interface MessengerPorts {
  readonly secrets: Secrets;
  readonly log: { info(message: string, fields: object): void };
}

/** The Messenger of the real world. */
export class RealMessenger implements Messenger {
  private readonly ports: MessengerPorts;
  private readonly busy: string[] = [];

  constructor(ports: MessengerPorts) {
    this.ports = ports;
  }

  async send(receiver: Receiver, notice: Notice, signal?: AbortSignal): Promise<void> {
    const { name } = receiver;
    const same = this.busy.filter((other) => other === name).length;
    if (same >= AT_ONCE.receiver || this.busy.length >= AT_ONCE.all) {
      throw new NotSent('others are being sent just now', RETRY_AFTER_MS * (1 + Math.random()));
    }
    this.busy.push(name);
    try {
      await this.sendNow(receiver, notice, signal);
    } finally {
      this.busy.splice(this.busy.indexOf(name), 1);
    }
  }

  /**
   * Why a receiver cannot be notified as things are: a secret or a certificate is missing, or an address is none. Sends nothing,
   * and names no secret.
   */
  async whyNotReady(receiver: Receiver): Promise<string | undefined> {
    return await this.whyNot(receiver, async () => undefined);
  }

  async whyNotReached(receiver: Receiver): Promise<string | undefined> {
    return await this.whyNot(receiver, reach);
  }

  private async whyNot(
    { target, tls = {} }: Receiver,
    attempt: (transport: Transport, certificates: Certificates) => Promise<void>,
  ): Promise<string | undefined> {
    const notice: Notice = { id: '', event: 'draining', atMs: 0 };
    const revealed = new Revealed(this.ports.secrets);
    try {
      const certificates = await tlsOptions(tls, revealed);
      await attempt(await transportOf(target, { notice, templates: {} }, revealed), certificates);
      return undefined;
    } catch (error) {
      return revealed.redact(notSent(error).message);
    }
  }

  private async sendNow(
    { target, templates, tls = {} }: Receiver,
    notice: Notice,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const revealed = new Revealed(this.ports.secrets);
    try {
      const message = { notice, text: textOf(notice, templates) };
      const certificates = await tlsOptions(tls, revealed);
      const connection = { carryOut: carrier(revealed, { tls, signal }), certificates };
      const transport = await transportOf(target, { notice, templates }, revealed);
      await this.transmit(transport, message, connection);
    } catch (error) {
      signal?.throwIfAborted();
      const { message, retryAfterMs } = notSent(error);
      throw new NotSent(revealed.redact(message), retryAfterMs);
    }
  }

  private async transmit(
    transport: Transport,
    { notice, text }: Message,
    { carryOut, certificates }: Connection,
  ): Promise<void> {
    const { id } = notice;
    switch (transport.kind) {
      case 'http':
        for (const call of transport.calls) await carryOut(call);
        return;
      case 'mail': {
        const { subject, ...server } = transport.mail;
        const usual = mailText(notice, text);
        const mail = { ...usual, id, subject: subject ?? usual.subject };
        await sendMail(server, mail, certificates);
        return;
      }
      case 'matrix':
        await postToRooms(transport.matrix, { text, id }, carryOut);
        return;
      case 'log':
        this.ports.log.info('notice', { text });
        return;
      default:
        transport satisfies never;
    }
  }
}

/** How one message is sent, whatever its transport. */
interface Connection {
  readonly carryOut: CarryOut;
  readonly certificates: Certificates;
}

interface Message {
  readonly notice: Notice;
  readonly text: string;
}

async function transportOf(
  target: Target,
  { notice, templates }: { readonly notice: Notice } & Pick<Receiver, 'templates'>,
  revealed: Revealed,
): Promise<Transport> {
  if (target.kind === 'email') return { kind: 'mail', mail: await mailTransport(target, revealed) };
  const address =
    'plain' in target.address ? target.address.plain : await revealed.read(target.address);
  switch (target.kind) {
    case 'slack': {
      const text = textOf(escapeWords(notice, markupAt(address)), templates);
      return one(postJson(webAddress(address), slackBody(text, target)));
    }
    case 'teams': {
      const said = escapeWords(notice, 'chat');
      const card = adaptiveCard(textOf(said, templates), factLines(said));
      return one(postJson(webAddress(address), card));
    }
    case 'webhook': {
      const secret = await revealed.read(target.secret);
      const shown = webhookBody(notice, textOf(notice, templates));
      const call = postJson(webAddress(address), shown);
      const { body = '' } = call;
      const signature = signed({ id: notice.id, atMs: Date.now(), body }, secret);
      return one({ ...call, headers: { ...call.headers, ...signature } });
    }
    case 'url':
      return translate(address, textOf(escapeWords(notice, markupAt(address)), templates));
    default:
      return target satisfies never;
  }
}

async function mailTransport(
  { login, ...server }: Extract<Target, { kind: 'email' }>,
  revealed: Revealed,
): Promise<MailTransport> {
  if (!login) return server;
  return { ...server, login: { ...login, password: await revealed.read(login.password) } };
}

const one = (call: HttpCall): Transport => ({ kind: 'http', calls: [call] });

function webAddress(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new BadAddress('it is not an http address');
}
