import {
  adaptiveCard,
  linesOf,
  mailText,
  slackBody,
  webhookBody,
} from '../../domain/notifications/bodies.ts';
import type { Notice } from '../../domain/notifications/events.ts';
import type { Receiver, Target } from '../../domain/notifications/receivers.ts';
import { BadAddress } from '../../domain/notifications/services/address.ts';
import { postJson, type HttpCall } from '../../domain/notifications/services/call.ts';
import { translate, type Way } from '../../domain/notifications/services/translate.ts';
import { textOf } from '../../domain/notifications/templates.ts';
import { tlsOptions } from '../http.ts';
import { Revealed, type Secrets } from '../secrets.ts';
import { carrier, type CarryOut } from './http.ts';
import { sendMail, type Certificates } from './mail.ts';
import { sayInRooms } from './matrix.ts';
import { NotSent, notSent } from './not-sent.ts';
import { signed } from './sign.ts';

/** Tells receivers, each in its own way. Secrets are read for every message, and are in nothing that leaves here. */
export interface Messenger {
  /** Rejects with NotSent unless the receiver has taken it; gives up with the signal. */
  send(receiver: Receiver, notice: Notice, signal?: AbortSignal): Promise<void>;
}

/**
 * How many of one receiver, and of all, are told at the same time. A receiver that hangs holds a few of the worker's hundred
 * activities this way, and never all of them.
 */
const AT_ONCE = { receiver: 3, all: 12 } as const;
const AGAIN_MS = 3_000;

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
      throw new NotSent('others are being told just now', AGAIN_MS * (1 + Math.random()));
    }
    this.busy.push(name);
    try {
      await this.sendNow(receiver, notice, signal);
    } finally {
      this.busy.splice(this.busy.indexOf(name), 1);
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
      if (target.kind === 'email') {
        await mailTo({ ...target, certificates }, message, revealed);
      } else {
        const by = { carryOut: carrier(revealed, { tls, signal }), certificates };
        await this.go(await wayTo(target, message, revealed), message, by);
      }
    } catch (error) {
      signal?.throwIfAborted();
      const { message, againMs } = notSent(error);
      throw new NotSent(revealed.redact(message), againMs);
    }
  }

  private async go(way: Way, { notice, text }: Message, by: By): Promise<void> {
    switch (way.kind) {
      case 'http':
        for (const call of way.calls) await by.carryOut(call);
        return;
      case 'mail': {
        const usual = mailText(notice, text);
        const { certificates } = by;
        await sendMail(
          { ...way.mail, certificates },
          {
            id: notice.id,
            ...usual,
            subject: way.mail.subject ?? usual.subject,
          },
        );
        return;
      }
      case 'matrix':
        await sayInRooms(way.matrix, { text, id: notice.id }, by.carryOut);
        return;
      case 'log':
        this.ports.log.info('notice', { text });
        return;
      default:
        way satisfies never;
    }
  }
}

interface By {
  readonly carryOut: CarryOut;
  readonly certificates: Certificates;
}

interface Message {
  readonly notice: Notice;
  readonly text: string;
}

async function mailTo(
  { login, ...server }: Extract<Target, { kind: 'email' }> & { certificates: Certificates },
  { notice, text }: Message,
  revealed: Revealed,
): Promise<void> {
  const password = login && (await revealed.read(login.password));
  const withLogin =
    login && password !== undefined ? { login: { user: login.user, password } } : {};
  await sendMail({ ...server, ...withLogin }, { id: notice.id, ...mailText(notice, text) });
}

async function wayTo(
  target: Exclude<Target, { kind: 'email' }>,
  { notice, text }: Message,
  revealed: Revealed,
): Promise<Way> {
  const address =
    'plain' in target.address ? target.address.plain : await revealed.read(target.address);
  switch (target.kind) {
    case 'slack':
      return one(postJson(webAddress(address), slackBody(text, target)));
    case 'teams':
      return one(postJson(webAddress(address), adaptiveCard(text, linesOf(notice))));
    case 'webhook': {
      const secret = await revealed.read(target.secret);
      const call = postJson(webAddress(address), webhookBody(notice, text));
      const { body = '' } = call;
      const signature = signed({ id: notice.id, atMs: Date.now(), body }, secret);
      return one({ ...call, headers: { ...call.headers, ...signature } });
    }
    case 'url':
      return translate(address, text);
    default:
      return target satisfies never;
  }
}

const one = (call: HttpCall): Way => ({ kind: 'http', calls: [call] });

function webAddress(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new BadAddress('it is not an http address');
}
