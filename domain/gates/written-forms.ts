import { z } from 'zod';
import { isObject } from '../fields.ts';

/**
 * A value that may be written in one of two forms. It is judged by the form `isFirst` finds in it, so that every problem
 * has its own path and rule; a plain union would only say that it is neither.
 */
export function eitherForm<First extends z.ZodType, Second extends z.ZodType>(
  isFirst: (written: unknown) => boolean,
  first: First,
  second: Second,
) {
  return (
    z
      .unknown()
      .transform((written, context): z.output<First> | z.output<Second> => {
        const read = (isFirst(written) ? first : second).safeParse(written);
        if (read.success) return read.data;
        for (const issue of read.error.issues) context.issues.push(issue as z.core.$ZodRawIssue);
        return z.NEVER;
      })
      // For editors and the chart, which know the JSON Schema only.
      .meta({ anyOf: [jsonSchemaOf(first), jsonSchemaOf(second)] })
  );
}

function jsonSchemaOf(form: z.ZodType) {
  const { $schema: _, ...schema } = z.toJSONSchema(form, { io: 'input' });
  return schema;
}

/** One thing, or a list of them; a list either way. */
export function oneOrMany<One extends z.ZodType>(one: One, rule: string) {
  return eitherForm((written) => Array.isArray(written), z.array(one, rule), one).transform(
    (read) => (Array.isArray(read) ? read : [read]) as readonly z.output<One>[],
  );
}

/** For checks of several keys that go on whatever is wrong inside them, so that everything is told at once. */
export const whenObject = { when: ({ value }: { value: unknown }) => isObject(value) };

/** Tells of a problem at one key of an object; no key: of the object as a whole. */
export type Tell = (key: string | undefined, message: string) => void;

export const tellTo =
  (context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void }): Tell =>
  (key, message) =>
    context.addIssue({ code: 'custom', path: key === undefined ? [] : [key], message });
