import { createHash } from 'node:crypto';
import { isObject, parseJson } from '../../domain/fields.ts';
import { postJson } from '../../domain/notifications/services/call.ts';
import type { MatrixTransport } from '../../domain/notifications/services/transports.ts';
import type { CarryOut } from './http.ts';
import { NotSent, notSent } from './not-sent.ts';

/** Matrix takes more than one request: https://spec.matrix.org/latest/client-server-api/. */

const API = '/_matrix/client/v3';

/** Posts the text to every room; posted again under the same id it appears once. */
export async function postToRooms(
  transport: MatrixTransport,
  { text, id }: { text: string; id: string },
  carryOut: CarryOut,
): Promise<void> {
  const { server, rooms, user, password } = transport;
  const token =
    user === undefined ? password : await saying('login', () => logIn(transport, user, carryOut));
  const headers = { authorization: `Bearer ${token}` };
  const named =
    rooms.length > 0 ? rooms : await saying('rooms', () => joinedRooms(server, headers, carryOut));
  const transaction = createHash('sha256').update(id).digest('hex').slice(0, 32);
  for (const name of named) {
    const join = `${server}${API}/join/${encodeURIComponent(name)}`;
    const room = await saying('join', async () =>
      textIn(await carryOut(postJson(join, {}, headers)), 'room_id'),
    );
    const path = `rooms/${encodeURIComponent(room)}/send/m.room.message/${transaction}`;
    const message = postJson(`${server}${API}/${path}`, { msgtype: 'm.text', body: text }, headers);
    await saying('send', () => carryOut({ ...message, method: 'PUT' }));
  }
}

/** One server answers several requests: which one it refuses says what to mend. */
async function saying<T>(request: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { message, retryAfterMs } = notSent(error);
    throw new NotSent(`${request}: ${message}`, retryAfterMs);
  }
}

async function logIn(
  { server, password }: MatrixTransport,
  user: string,
  carryOut: CarryOut,
): Promise<string> {
  const identifier = { type: 'm.id.user', user };
  const login = { type: 'm.login.password', identifier, password };
  return textIn(await carryOut(postJson(`${server}${API}/login`, login)), 'access_token');
}

async function joinedRooms(
  server: string,
  headers: Record<string, string>,
  carryOut: CarryOut,
): Promise<string[]> {
  const answer = await carryOut({ method: 'GET', url: `${server}${API}/joined_rooms`, headers });
  const rooms = fieldsIn(answer)['joined_rooms'];
  return Array.isArray(rooms) ? rooms.map(String) : [];
}

function textIn(answer: string, field: string): string {
  const found = fieldsIn(answer)[field];
  if (typeof found === 'string') return found;
  throw new NotSent(`it answers without ${field}`);
}

function fieldsIn(answer: string): Record<string, unknown> {
  const parsed = parseJson(answer);
  if (!isObject(parsed)) throw new NotSent('it does not answer as Matrix does');
  return parsed;
}
