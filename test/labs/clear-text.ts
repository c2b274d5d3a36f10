import type { WorkflowHandle } from '@temporalio/client';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

interface ClearText {
  /** Ids of the keys with which something in it is encrypted, sorted. */
  readonly keys: readonly string[];
  /** Every text in it, and every byte as the character of its number: what who keeps the history can read. */
  readonly text: string;
  /** The payloads that are not encrypted. */
  readonly plain: readonly string[];
}

/** What can be read in a history without any key. Search attributes are left out: they are there to be searched. */
export function clearTextOf(history: History): ClearText {
  const texts: string[] = [];
  const plain: string[] = [];
  const keys = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (value instanceof Uint8Array) texts.push(latin(value));
    else if (typeof value === 'object' && value !== null) visitAll(value);
  };
  const visitAll = (value: object): void => {
    if (isPayload(value)) {
      const { 'encryption-key-id': id } = value.metadata;
      if (id === undefined) plain.push(latin(value.data ?? new Uint8Array()));
      else keys.add(latin(id));
    }
    for (const [key, inner] of Object.entries(value)) {
      if (key !== 'searchAttributes') visit(inner);
    }
  };
  visit(history);
  return { keys: [...keys].toSorted(), text: texts.join('\n'), plain };
}

interface PayloadLike {
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  readonly data?: Uint8Array | null;
}

function isPayload(value: object): value is PayloadLike {
  const { metadata } = value as { metadata?: unknown };
  return typeof metadata === 'object' && metadata !== null && 'encoding' in metadata;
}

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
