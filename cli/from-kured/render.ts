import { Document, isMap, isScalar, isSeq, visit, type Node } from 'yaml';
import type { Converted } from './convert.ts';
import type { NotificationText, PoolText } from './draft.ts';

/** The policy as an object, in the order it is written. */
export interface PolicyText {
  readonly timeZone?: string;
  readonly pools: readonly PoolText[];
  readonly notifications?: readonly NotificationText[];
}

const WIDTH = 100;

/** To Helm, which reads YAML 1.1, 22:00 can be a number and on a boolean; and ${…} looks better in quotes. */
const READ_OTHERWISE = /^(\d+:|\$|on$)/;

const HEAD = [
  'A policy of Lockkeeper that does what kured did. Read what follows, then look at it with',
  '  lockkeeper policy check FILE',
  '  lockkeeper windows --policy FILE',
];

/** The policy as YAML, headed by comments: what is set elsewhere, what could not be carried over, and why. */
export function render(policy: PolicyText, converted: readonly Converted[]): string {
  const document = new Document(policy);
  visit(document, {
    Collection(_, node) {
      if (isShort(node)) node.flow = true;
    },
    Scalar(_, node) {
      if (typeof node.value === 'string' && READ_OTHERWISE.test(node.value)) {
        node.type = 'QUOTE_DOUBLE';
      }
    },
  });
  const comments = [...HEAD, ...converted.flatMap(paragraph)];
  const head = comments.map(comment).join('');
  return `${head}${document.toString({ lineWidth: 0, flowCollectionPadding: true })}`;
}

/** One line, whatever is in it: the name of a DaemonSet must not end the comment. */
const comment = (line: string): string => `#${line && ` ${line.replaceAll(/[\r\n]+/g, ' ')}`}\n`;

/** A map or list of nothing but values and short lists fits on a line; the maps of the first levels do not read well so. */
function isShort(node: Node): boolean {
  if (isSeq(node)) return node.items.length === 0 || node.items.every(isWord);
  if (!isMap(node) || node.has('name') || node.has('on') || node.has('pools')) return false;
  const fits = JSON.stringify(node).length < WIDTH - 10;
  return (
    fits && node.items.every(({ value }) => isScalar(value) || (isSeq(value) && isShort(value)))
  );
}

/** A selector or a sentence wants a line of its own. */
function isWord(item: unknown): boolean {
  return isScalar(item) && /^\w+$/.test(String(item.value));
}

function paragraph({ title, pool, agent, closed, notes }: Converted): string[] {
  return [
    '',
    `Pool ${pool.name}, from ${title}`,
    ...(closed.length > 0
      ? ['  It has no window, so that nothing is rebooted, because', ...closed.flatMap(item)]
      : []),
    ...(agent.length > 0
      ? ["  To be set in the environment of the agent's container on these nodes:"]
      : []),
    ...agent.map(
      ({ variable, value }) => `  - { name: ${variable}, value: ${JSON.stringify(value)} }`,
    ),
    ...(notes.length > 0 ? ['  Meant differently, or not carried over:'] : []),
    ...notes.flatMap(({ about, text }) => item(`${about}: ${text}`)),
  ];
}

/** One entry of a list, with its further lines below the first. */
function item(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(`  - ${word}`);
    else if (last.length + word.length + 3 > WIDTH) lines.push(`    ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
