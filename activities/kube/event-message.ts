import { StringDecoder } from 'node:string_decoder';
import { words } from '../../domain/outside.ts';

/** The API server refuses an Event whose message has more bytes (kubernetes, pkg/apis/core/validation/events.go). */
const MOST_BYTES = 1_024;
const CUT = '…';

/** The message of an Event: on one line, and as much of it as the API server takes. */
export function eventMessage(text: string): string {
  const message = words(text, MOST_BYTES);
  const bytes = Buffer.from(message);
  if (bytes.length <= MOST_BYTES) return message;
  // A decoder leaves out what is but a part of a character.
  const whole = new StringDecoder().write(bytes.subarray(0, MOST_BYTES - Buffer.byteLength(CUT)));
  return `${whole}${CUT}`;
}
