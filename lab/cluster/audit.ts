import { readFile } from 'node:fs/promises';
import type { AuditRecord } from './contract.ts';

/**
 * As the audit policy of the lab asks for it: who did what to which object, and without contents. Only of what is written on
 * a Node does it keep what became of it, so that each revision has its author, and of the going of a pod what was asked for
 * (lab/witness).
 */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    {
      level: 'RequestResponse',
      verbs: ['create', 'update', 'patch', 'delete'],
      resources: [{ group: '', resources: ['nodes', 'nodes/status'] }],
      omitManagedFields: true,
    },
    // By its UID one knows which of several pods of one name was meant.
    {
      level: 'Request',
      verbs: ['create'],
      resources: [{ group: '', resources: ['pods/eviction'] }],
    },
    { level: 'Request', verbs: ['delete'], resources: [{ group: '', resources: ['pods'] }] },
    { level: 'Metadata' },
  ],
};

interface AuditEvent {
  readonly auditID: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
    readonly namespace?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly requestReceivedTimestamp: string;
}

/**
 * Every request the API server has answered so far, once each, in the order of the answers: a watch counts when it opens.
 * The server writes the record before it completes the answer, but a long answer may arrive a little before its record.
 */
export async function readAudit(path: string): Promise<AuditRecord[]> {
  return parseAudit(await readFile(path, 'utf8'));
}

/** The same for the text of an audit log; a last line still being written is left out. */
export function parseAudit(text: string): AuditRecord[] {
  const seen = new Set<string>();
  const records: AuditRecord[] = [];
  // The last piece is empty or a line still being written.
  for (const line of text.split('\n').slice(0, -1)) {
    const event = JSON.parse(line) as AuditEvent;
    // A watch is recorded twice, when it opens and when it closes.
    if (seen.has(event.auditID)) continue;
    seen.add(event.auditID);
    records.push(recordOf(event));
  }
  return records;
}

function recordOf(event: AuditEvent): AuditRecord {
  const { objectRef = {}, annotations = {} } = event;
  const { apiGroup = '', resource = '', subresource = '', name = '', namespace = '' } = objectRef;
  return {
    user: event.user.username,
    verb: event.verb,
    group: apiGroup,
    resource,
    subresource,
    name,
    namespace,
    code: event.responseStatus?.code ?? 0,
    allowed: annotations['authorization.k8s.io/decision'] !== 'forbid',
    at: Date.parse(event.requestReceivedTimestamp),
  };
}
