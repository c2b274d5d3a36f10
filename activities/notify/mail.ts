import { createHash } from 'node:crypto';
import type { Transporter } from 'nodemailer';
import type { MailTransport } from '../../domain/notifications/services/transports.ts';
import type { tlsOptions } from '../http.ts';
import { NotSent } from './not-sent.ts';

export interface Mail {
  /** The same mail under the same id is one mail to many servers. */
  readonly id: string;
  readonly subject: string;
  readonly text: string;
}

/** One answer of a mail server may take this long. */
const STEP_MS = 8_000;
const WITHIN_MS = 20_000;

/** What a connection by TLS is made with besides the usual authorities. */
export type Certificates = Awaited<ReturnType<typeof tlsOptions>>;

/** Hands one mail to the server; rejects with NotSent unless it was taken for at least one address. */
export async function sendMail(
  server: MailTransport,
  mail: Mail,
  certificates: Certificates,
): Promise<void> {
  await withServer(server, certificates, (transport) =>
    transport.sendMail(messageOf(server, mail)),
  );
}

/** Connects as for a mail, logs in where one would, and sends nothing; rejects with NotSent where that comes to nothing. */
export async function greetServer(
  server: MailTransport,
  certificates: Certificates,
): Promise<void> {
  await withServer(server, certificates, (transport) => transport.verify());
}

async function withServer(
  { server: host, port, login, tls }: MailTransport,
  certificates: Certificates,
  work: (transport: Transporter) => Promise<unknown>,
): Promise<void> {
  // Thirteen megabytes, which only those should have who send mail.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host,
    port,
    secure: tls === 'always',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'never',
    connectionTimeout: STEP_MS,
    greetingTimeout: STEP_MS,
    socketTimeout: STEP_MS,
    tls: certificates,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(login ? { auth: { user: login.user, pass: login.password } } : {}),
  });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), WITHIN_MS);
  const tooLate = new Promise<never>((_, reject) => {
    late.signal.addEventListener('abort', () => reject(new NotSent('no answer in time')));
  });
  try {
    await Promise.race([work(transport), tooLate]);
  } catch (error) {
    throw error instanceof NotSent ? error : new NotSent(describeMailError(error));
  } finally {
    clearTimeout(timer);
    transport.close();
  }
}

function messageOf({ from, to }: MailTransport, { id, subject, text }: Mail) {
  const unique = createHash('sha256').update(id).digest('hex').slice(0, 32);
  const [, host = 'lockkeeper'] = from.split('@');
  return { from, to: [...to], subject, text, messageId: `<${unique}@${host}>` };
}

/** The codes alone: a server may repeat what was sent to it. */
function describeMailError(error: unknown): string {
  const { code, responseCode, command } = error as Record<string, unknown>;
  const words = [code, responseCode].filter((word) => ['string', 'number'].includes(typeof word));
  if (typeof command === 'string' && /^[A-Z ]+$/.test(command)) words.push(`at ${command}`);
  return `the mail server did not take it${words.length > 0 ? ` (${words.join(' ')})` : ''}`;
}
