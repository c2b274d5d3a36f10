import { parseAllDocuments } from 'yaml';
import { sayYaml } from '../../domain/problem-words.ts';
import { CommandFailed } from '../terminal.ts';
import { kuredOfDaemonSet } from './daemon-set.ts';
import { ENVELOPES, kuredsOfRelease, kuredsOfValues } from './helm.ts';
import { isTree, type Kured, type Tree } from './kured.ts';

const EXPECTED =
  "expected kured's DaemonSet, several of them (YAML documents or a List), a values file of its Helm chart, or a HelmRelease, HelmChart or Argo CD Application of it";
const INSTEAD =
  'of anything else give what it becomes: kubectl -n NAMESPACE get daemonset NAME -o yaml';

/** Every kured that is described in the text, whatever its envelope. Fails with what was expected, or what cannot be read. */
export function readSources(text: string): Kured[] {
  const documents = [...parseAllDocuments(text)];
  const broken = documents.flatMap(({ errors }) => errors.map(({ message }) => sayYaml(message)));
  if (broken.length > 0) throw new CommandFailed(broken.map((message) => `not YAML: ${message}`));
  const objects = documents.flatMap((document) => flatten(document.toJS()));
  const kureds = objects.flatMap(readObject);
  if (kureds.length > 0) return kureds;
  throw new CommandFailed([`${EXPECTED}; ${whatWasThere(objects)}`]);
}

function flatten(object: unknown): Tree[] {
  if (!isTree(object)) return [];
  const { kind, items } = object;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [object];
  // In a DaemonSetList the items need not repeat their kind.
  const one = kind === 'DaemonSetList' ? { kind: 'DaemonSet' } : {};
  return items.flatMap(flatten).map((item) => ({ ...one, ...item }));
}

function readObject(object: Tree): Kured[] {
  const { kind } = object;
  if (kind === 'DaemonSet') return kuredOfDaemonSet(object);
  if (kind === undefined) return kuredsOfValues(object);
  const envelope = Object.keys(ENVELOPES).find((one) => one === kind) as keyof typeof ENVELOPES;
  return envelope ? kuredsOfRelease(envelope, object) : [];
}

function whatWasThere(objects: readonly Tree[]): string {
  if (objects.length === 0) return 'there was no object in the input';
  const kinds = objects.map(({ kind }) =>
    typeof kind === 'string' ? kind : 'an object without a kind',
  );
  const seen = [...new Set(kinds)].join(', ');
  const hint = kinds.includes('DaemonSet') ? ' (no container of it runs kured)' : '';
  return `there was only: ${seen}${hint}; ${INSTEAD}`;
}
