import { z } from 'zod';

/** Where the worker finds a secret; the policy never holds one. */
export type Secret = { readonly variable: string } | { readonly file: string };

/** What a person is told who wrote something else, which may be the secret itself. */
const SECRET_RULE = 'write ${NAME}, an environment variable of the worker, or { file: /its/path }';

const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
/** What lets the worker into Temporal and the cluster is for nobody else. */
const NOT_FOR_OTHERS = /^TEMPORAL_/;
const OWN_FILES = /^\/(proc|sys|dev|(var\/)?run\/secrets\/kubernetes\.io)\//;

const inVariable = z
  .string()
  .regex(VARIABLE, SECRET_RULE)
  .transform((text): Secret => ({ variable: VARIABLE.exec(text)?.[1] ?? '' }));

const FILE_RULE = 'write the absolute path of a file';

const inFile = z.strictObject({
  file: z
    .string(FILE_RULE)
    .regex(/^\//, FILE_RULE)
    .refine((path) => !path.split('/').includes('..'), 'write a path without ..')
    .refine((path) => !OWN_FILES.test(path), "write another file than the worker's own credentials")
    .describe('A file that the worker can read'),
});

export const secret = z
  .union([inVariable, inFile], SECRET_RULE)
  .refine(
    (place) => !('variable' in place && NOT_FOR_OTHERS.test(place.variable)),
    "write another variable than Temporal's own",
  );

/** How the place of a secret is written in messages and names. */
export const sayPlace = (place: Secret): string =>
  'variable' in place ? `\${${place.variable}}` : place.file;
