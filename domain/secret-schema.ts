import { z } from 'zod';

/**
 * Where the worker finds a secret; the policy never holds one. Whoever may write the policy decides where a secret is sent,
 * so what lets the worker into Temporal and the cluster is refused: here, and again when it is read.
 */
export type Secret = { readonly variable: string } | { readonly file: string };

/** Where files of secrets lie when the worker's settings name no other directories. */
export const SECRET_DIRECTORIES: readonly string[] = [
  '/etc/lockkeeper-secrets',
  '/etc/lockkeeper/secrets',
];

const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
/** Variables of Temporal's connection, of Lockkeeper itself, of the cluster and its cloud; a proxy may hold a password. */
const OWN_VARIABLES =
  /^(TEMPORAL_|LOCKKEEPER_|KUBERNETES_|KUBECONFIG$|AWS_|AZURE_|GOOGLE_APPLICATION_|(HTTPS?|ALL)_PROXY$)/i;

/** What the kernel and the kubelet put into a container, and where the chart mounts keys of the connection. */
const OWN_FILES =
  /^\/(proc|sys|dev|(var\/)?run\/secrets|var\/lib\/kubelet|etc\/temporal-client|etc\/lockkeeper-keys)(\/|$)/;
const NOT_FOR_ANYBODY = /^\/(proc|sys|dev)(\/|$)/;

/** Why a variable of this name is nobody's secret but the worker's own; undefined when it is none of those. */
export function variableProblem(name: string): string | undefined {
  return OWN_VARIABLES.test(name)
    ? `write another variable than ${name}, which is the worker's own`
    : undefined;
}

/** Why no secret is read from this path; undefined when it may be. A path has one spelling: what is judged is what is read. */
export function pathProblem(path: string): string | undefined {
  if (OWN_FILES.test(path)) return "write another file than the worker's own credentials";
  return spellingProblem(path);
}

function spellingProblem(path: string): string | undefined {
  const [first, ...parts] = path.split('/');
  if (first !== '' || parts.length === 0) return 'write the absolute path of a file';
  if (/\p{C}/u.test(path)) return 'write a path of plain characters';
  if (path.length > LONGEST_PATH) return `write a path of at most ${LONGEST_PATH} characters`;
  return parts.some((part) => ['', '.', '..'].includes(part))
    ? 'write a path without // and without . and .. as parts'
    : undefined;
}

/** Of Linux. */
const LONGEST_PATH = 4_095;

/** Whoever reads a problem with ${ in it does not repeat what is written: that may be the secret. */
const VARIABLE_RULE = 'write the environment variable it is in, like ${PROMETHEUS_TOKEN}';
const FILE_RULE =
  'write the absolute path of the file it is in; one in the environment is written as ${NAME}';
const SECRET_RULE = 'write ${NAME}, an environment variable of the worker, or { file: /its/path }';

const variableBy = (rule: string) =>
  z
    .string(rule)
    .regex(VARIABLE, rule)
    .transform((text): Secret => ({ variable: VARIABLE.exec(text)?.[1] ?? '' }));

function judgePlace(place: Secret, context: z.core.$RefinementCtx): void {
  const message = 'variable' in place ? variableProblem(place.variable) : undefined;
  if (message !== undefined) context.addIssue({ code: 'custom', message });
}

const pathBy = (problemOf: typeof pathProblem) =>
  z
    .string(FILE_RULE)
    .regex(/^\//, FILE_RULE)
    .superRefine((path, context) => {
      // Whatever else is written has been told of already, and may be the secret.
      const message = path.startsWith('/') ? problemOf(path) : undefined;
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });

/** `${NAME}`, and nothing around it. */
export const secretVariable = variableBy(VARIABLE_RULE).superRefine(judgePlace);

/** The path of a file that holds a secret. */
export const secretPath = pathBy(pathProblem);

export const secretFile = secretPath.transform((file): Secret => ({ file }));

/** The path of a file that is no secret, as of certificates: the cluster's own authority is a good one. */
export const openPath = pathBy((path) =>
  NOT_FOR_ANYBODY.test(path) ? 'write a file that is none of the kernel' : spellingProblem(path),
);

/** `${NAME}`, or `{ file: /its/path }`. */
export const secret = z
  .union(
    [
      variableBy(SECRET_RULE),
      z.strictObject({ file: secretPath.describe('A file that the worker can read') }),
    ],
    SECRET_RULE,
  )
  .superRefine(judgePlace);

/** How the place of a secret is written in messages and names. */
export const sayPlace = (place: Secret): string =>
  'variable' in place ? `\${${place.variable}}` : place.file;

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
