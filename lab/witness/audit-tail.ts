import { open, stat } from 'node:fs/promises';
import type { NodeObject } from './sight.ts';

/** A write of a Node that the API server has answered, with the node as it was then. */
interface NodeRecord {
  readonly kind: 'node';
  readonly user: string;
  readonly atMs: number;
  readonly object: NodeObject;
}

/** A pod that somebody has evicted or deleted. */
interface PodRecord {
  readonly kind: 'pod-moved';
  readonly user: string;
  readonly atMs: number;
  readonly how: 'evicted' | 'deleted';
  readonly namespace: string;
  readonly name: string;
  /** Of the pod that was meant; absent when whichever pod has the name was meant. */
  readonly uid: string | undefined;
}

export type Told = NodeRecord | PodRecord;

interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string };
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
    readonly namespace?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  /** Of an eviction, or of a deletion. */
  readonly requestObject?: DeleteOptions & { readonly deleteOptions?: DeleteOptions };
  readonly responseObject?: { readonly kind?: string };
  readonly requestReceivedTimestamp: string;
}

const LINE_END = 0x0a;

/** Reads what is added to an audit log from now on. */
export class AuditTail {
  readonly #path: string;
  #offset: number | undefined;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** Skips what is in the log already. */
  async open(): Promise<void> {
    this.#offset = await sizeOf(this.#path);
  }

  /** What has been told since the last call, in the order of the answers. */
  async read(): Promise<Told[]> {
    const from = this.#offset ?? 0;
    const size = await sizeOf(this.#path);
    if (size <= from) return [];
    const file = await open(this.#path);
    try {
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(size - from),
        0,
        size - from,
        from,
      );
      this.#offset = from + bytesRead;
      return this.#lines(buffer.subarray(0, bytesRead)).flatMap(toldBy);
    } finally {
      await file.close();
    }
  }

  #lines(more: Buffer): string[] {
    const all = Buffer.concat([this.#rest, more]);
    const end = all.lastIndexOf(LINE_END) + 1;
    this.#rest = all.subarray(end);
    return all.toString('utf8', 0, end).split('\n').filter(Boolean);
  }
}

async function sizeOf(path: string): Promise<number> {
  // The API server makes the file with its first answer.
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What one line of the log tells, if it is of interest. */
export function toldBy(line: string): Told[] {
  // Most lines are not, and reading them as JSON is what costs.
  if (!line.includes('"nodes"') && !line.includes('"pods"')) return [];
  const event = parse(line);
  if (!event || !wasDone(event)) return [];
  const { resource } = event.objectRef ?? {};
  if (resource === 'nodes') return nodeRecord(event);
  return resource === 'pods' ? podRecord(event) : [];
}

function wasDone({ responseStatus: { code = 0 } = {} }: AuditEvent): boolean {
  return code >= 200 && code <= 299;
}

/** The first line may have been cut where the reading began. */
function parse(line: string): AuditEvent | undefined {
  try {
    return JSON.parse(line) as AuditEvent;
  } catch {
    return undefined;
  }
}

function nodeRecord({ user, responseObject, requestReceivedTimestamp }: AuditEvent): NodeRecord[] {
  if (responseObject?.kind !== 'Node') return [];
  const object = responseObject as NodeObject;
  const atMs = Date.parse(requestReceivedTimestamp);
  return [{ kind: 'node', user: user.username, atMs, object }];
}

function podRecord(event: AuditEvent): PodRecord[] {
  const how = howMoved(event);
  if (how === undefined) return [];
  const { user, objectRef = {}, requestObject = {}, requestReceivedTimestamp } = event;
  const { namespace = '', name = '' } = objectRef;
  const { preconditions } = requestObject.deleteOptions ?? requestObject;
  const atMs = Date.parse(requestReceivedTimestamp);
  const uid = preconditions?.uid;
  return [{ kind: 'pod-moved', user: user.username, atMs, how, namespace, name, uid }];
}

function howMoved({ verb, objectRef = {} }: AuditEvent): PodRecord['how'] | undefined {
  const { subresource } = objectRef;
  if (verb === 'create' && subresource === 'eviction') return 'evicted';
  return verb === 'delete' && !subresource ? 'deleted' : undefined;
}
