import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../domain/names.ts';

/** temporal.api.enums.v1.IndexedValueType, INDEXED_VALUE_TYPE_KEYWORD. */
const KEYWORD = 2;

/**
 * Ensures the search attributes of rollouts. Undefined when they are there; otherwise why they are not, in which case
 * rollouts go without: where only an administrator may add them, that is no reason to leave nodes unpatched.
 */
export async function ensureSearchAttributes(
  { operatorService }: Connection,
  namespace: string,
): Promise<string | undefined> {
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in customAttributes));
    if (missing.length === 0) return undefined;
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
