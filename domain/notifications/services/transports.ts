import { BadAddress, type Values } from './address.ts';
import { listOf } from './own-fields.ts';

export interface MailTransport {
  readonly server: string;
  readonly port: number;
  /** whenOffered: as shoutrrr, also without encryption when the server has none. starttls: encrypted, or not sent. */
  readonly tls: 'whenOffered' | 'starttls' | 'always' | 'never';
  readonly from: string;
  readonly to: readonly string[];
  readonly subject?: string;
  readonly login?: { readonly user: string; readonly password: string };
}

/** How `smtp://…` sends mail. */
export function mailTransport(value: Values): MailTransport {
  const [auth, subject] = [value('auth=Unknown|None|Plain|CRAMMD5|OAuth2'), value('subject/title')];
  if (auth === 'OAuth2') throw new BadAddress('OAuth2 is not supported: use a password');
  const port = Number(value('port=25'));
  const encryption = value('encryption=Auto|None|ExplicitTLS|ImplicitTLS');
  const isTls = encryption === 'ImplicitTLS' || (encryption === 'Auto' && port === 465);
  const startTls = value('startTLS/useStartTLS!yes') ? 'whenOffered' : 'never';
  // What is known and means nothing here.
  for (const known of ['fromName', 'useHTML', 'clientHost']) value(known);
  const login = { user: value('user'), password: value('password') };
  return {
    server: value('hostname'),
    port,
    tls: isTls ? 'always' : startTls,
    from: mailAddress(value('from/fromAddress')),
    to: listOf(value('to/toAddresses')).map(mailAddress),
    ...(subject && { subject }),
    ...(login.user && auth !== 'None' && { login }),
  };
}

/** A plus sign in an address is read as a space. */
const mailAddress = (text: string): string => text.replaceAll(' ', '+');

export interface MatrixTransport {
  readonly server: string;
  /** Absent: the password is an access token. */
  readonly user?: string;
  readonly password: string;
  /** Aliases (#) and ids (!); none: every room that was joined. */
  readonly rooms: readonly string[];
}

/** How `matrix://…` posts to rooms. */
export function matrixTransport(value: Values): MatrixTransport {
  const [user, rooms] = [value('user'), listOf(value('rooms/room'))];
  value('title');
  return {
    server: `http${value('disableTLS!no') ? '' : 's'}://${value('host')}`,
    password: value('password'),
    rooms: rooms.map((room) => (/^[#!]/.test(room) ? room : `#${room}`)),
    ...(user && { user }),
  };
}
