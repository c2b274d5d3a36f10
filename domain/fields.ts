/** Reading what somebody else has written or sent: nothing is known of it, and nothing here throws. */

/** An object with fields, as against a list, a bare value or nothing. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of an object; none where it is something else. */
export function fieldsOf(value: unknown): Partial<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

/** A field that has the form it should have; undefined where it has another. */
export function only<T>(fits: (field: unknown) => field is T, field: unknown): T | undefined {
  return fits(field) ? field : undefined;
}

/** What a JSON text says; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
