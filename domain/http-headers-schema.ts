import { z } from 'zod';
import { isVariableName, variableProblem, variablesIn } from './secret-schema.ts';

/** Headers of a request, as the policy writes them: names and values that cannot be read as something else. */

const HEADER_RULE = 'write headers like { X-Scope-OrgID: "${TENANT}" }';
const REFERENCE_RULE = 'write references to environment variables like ${NAME}';
const MOST_HEADERS = 50;
const LONGEST_VALUE = 4_096;

/** What says where the request goes and where it ends: a proxy that reads it otherwise can be led elsewhere. */
const NOT_BY_HAND =
  /^(host|content-length|transfer-encoding|connection|proxy-connection|keep-alive|upgrade|te|trailer|expect)$/i;

const name = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/, 'write the name of an HTTP header')
  .refine((text) => !NOT_BY_HAND.test(text), 'write another header: this one is of the connection');

const value = z
  .string(HEADER_RULE)
  .regex(/^[ -~]*$/, 'write one line of plain characters, and secrets as ${NAME}')
  .max(LONGEST_VALUE, `write at most ${LONGEST_VALUE} characters, and secrets as \${NAME}`)
  .superRefine((text, context) => {
    const variables = variablesIn(text);
    const message = variables.every(isVariableName)
      ? variables.map(variableProblem).find((problem) => problem !== undefined)
      : REFERENCE_RULE;
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

export const headers = z
  .record(name, value, {
    error: (issue) => (issue.code === 'invalid_key' ? issue.issues[0]?.message : HEADER_RULE),
  })
  .refine(
    (written) => Object.keys(written).length <= MOST_HEADERS,
    `write at most ${MOST_HEADERS} headers`,
  )
  .optional()
  .describe('Further headers; ${NAME} in a value is taken from the environment');

const SECRET_NAMES =
  /auth|cookie|key|token|secret|passw|passphrase|pwd|credential|session|signature|jwt|bearer|vault/i;
const OPEN_NAMES = /tenant|org-?id|request-id|^accept|^user-agent$|^content-type$/i;
/** Letters and digits mixed, as people do not write: a key of whatever kind. */
const KEY = /(?=[^ ]*[0-9])(?=[^ ]*[A-Za-z])[A-Za-z0-9+/_=.-]{20,}/;

/** Whether a value, written out, holds what is to be kept secret: by the name of its header, or by its looks. */
export function secretInHeader(header: string, written: string): boolean {
  const literal = written.replaceAll(/\$\{[^}]*\}/g, ' ').trim();
  const isReferring = variablesIn(written).length > 0;
  if (literal !== '' && SECRET_NAMES.test(header) && !isReferring) return true;
  return KEY.test(literal) && !OPEN_NAMES.test(header);
}
