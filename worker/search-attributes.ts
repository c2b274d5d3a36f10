import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../domain/names.ts';

/** temporal.api.enums.v1.IndexedValueType, INDEXED_VALUE_TYPE_KEYWORD. */
const KEYWORD = 2;

/**
 * Ensures the search attributes of rollouts. Rejects where they are not there and may not be made; rollouts then go without:
 * where only an administrator may add them, that is no reason to leave nodes unpatched.
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
): Promise<void> {
  try {
    await addMissing(connection, namespace);
  } catch (error) {
    // Who may not administer them may still have them, made by somebody who may.
    if (!(await canBeAskedFor(connection, namespace))) throw error;
  }
}

async function addMissing({ operatorService }: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in customAttributes));
  if (missing.length === 0) return;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
}

/** A query needs no right but to read, and is refused when it names one that is not there, or is no Keyword. */
async function canBeAskedFor({ workflowService }: Connection, namespace: string): Promise<boolean> {
  const query = SEARCH_ATTRIBUTES.map((name) => `${name} STARTS_WITH "none"`).join(' OR ');
  return workflowService.countWorkflowExecutions({ namespace, query }).then(
    () => true,
    () => false,
  );
}
