/** What somebody sent, as fields of which nothing is known yet; none where it is not an object. Never throws. */
export function fieldsOf(sent: unknown): Partial<Record<string, unknown>> {
  return typeof sent === 'object' && sent !== null ? sent : {};
}

/** Of a field whose form is checked: its value, or undefined where it has another form. */
export function only<T>(fits: (field: unknown) => field is T, field: unknown): T | undefined {
  return fits(field) ? field : undefined;
}
