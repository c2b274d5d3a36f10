import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../domain/names.ts';

/** As much of a connection as it takes to look. */
type Asked = Pick<Connection, 'operatorService' | 'workflowService'>;

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

async function addMissing(connection: Connection, namespace: string): Promise<void> {
  const missing = await missingOf(connection, namespace);
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
  });
}

/** Which of them are not there; rejects where that cannot be found out. */
export async function missingSearchAttributes(
  connection: Asked,
  namespace: string,
): Promise<string[]> {
  try {
    return await missingOf(connection, namespace);
  } catch (error) {
    if (await canBeAskedFor(connection, namespace)) return [];
    throw error;
  }
}

async function missingOf({ operatorService }: Asked, namespace: string): Promise<string[]> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  return SEARCH_ATTRIBUTES.filter((name) => !(name in customAttributes));
}

/** A query needs no right but to read, and is refused when it names one that is not there, or is no Keyword. */
async function canBeAskedFor({ workflowService }: Asked, namespace: string): Promise<boolean> {
  const query = SEARCH_ATTRIBUTES.map((name) => `${name} STARTS_WITH "none"`).join(' OR ');
  return workflowService.countWorkflowExecutions({ namespace, query }).then(
    () => true,
    () => false,
  );
}
