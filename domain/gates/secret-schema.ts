import { z } from 'zod';

/** Secrets are never written into the policy, only where the worker finds them. */

export type Secret = { readonly variable: string } | { readonly file: string };

const VARIABLE_RULE = 'write the environment variable it is in, like ${PROMETHEUS_TOKEN}';
const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** `${NAME}`, and nothing around it. */
export const secretVariable = z
  .string(VARIABLE_RULE)
  .regex(VARIABLE, VARIABLE_RULE)
  .transform((text): Secret => ({ variable: VARIABLE.exec(text)?.[1] ?? '' }));

const FILE_RULE = 'write an absolute path, like /etc/lockkeeper/secrets/ca.crt';

export const absolutePath = z.string(FILE_RULE).regex(/^\//, FILE_RULE);

/** Whoever reads a problem with ${ in it does not repeat what is written: that may be the secret. */
const SECRET_FILE_RULE =
  'write the absolute path of the file it is in; one in the environment is written as ${NAME}';

export const secretFile = z
  .string(SECRET_FILE_RULE)
  .regex(/^\//, SECRET_FILE_RULE)
  .transform((file): Secret => ({ file }));

/** Every `${NAME}` in a text; the text between them is no secret. */
const REFERENCES = /\$\{([^}]*)\}/g;

/** The variables a text refers to. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(REFERENCES)].map(([, name = '']) => name);
}

/** The text with each reference replaced. */
export function fillIn(text: string, valueOf: (variable: string) => string): string {
  return text.replaceAll(REFERENCES, (_, name: string) => valueOf(name));
}

export const isVariableName = (text: string): boolean => VARIABLE.test(`\${${text}}`);
