import { Document, isMap, isScalar, isSeq, visit, type Node } from 'yaml';
import type { Converted, Draft } from './convert.ts';

const WIDTH = 100;

/** To Helm, which reads YAML 1.1, 22:00 can be a number and on a boolean; and ${…} looks better in quotes. */
const READ_OTHERWISE = /^(\d+:|\$|on$)/;

const HEAD = [
  'A policy of Lockkeeper that does what kured did. Read what follows, then look at it with',
  '  lockkeeper policy check FILE',
  '  lockkeeper windows --policy FILE',
];

/** The policy as YAML, headed by comments: what is set elsewhere, what could not be carried over, and why. */
export function render(policy: Draft, converted: readonly Converted[]): string {
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

/** A selector or a sentence wants a line of its own. */
const isWord = (item: unknown) => isScalar(item) && /^\w+$/.test(String(item.value));

/** A map or list of nothing but values and short lists fits on a line; the maps of the first levels do not read well so. */
function isShort(node: Node): boolean {
  if (isSeq(node)) return node.items.every(isWord);
  if (!isMap(node) || node.has('name') || node.has('on') || node.has('pools')) return false;
  const isPlain = (value: unknown) => isScalar(value) || (isSeq(value) && isShort(value));
  return (
    JSON.stringify(node).length < WIDTH - 10 && node.items.every(({ value }) => isPlain(value))
  );
}

const part = (heading: string, lines: readonly string[]): string[] =>
  lines.length > 0 ? [`  ${heading}`, ...lines] : [];

function paragraph({ title, pool, hours, agent, said }: Converted): string[] {
  const { closed, notes } = said;
  // Open at every hour is nothing to keep in mind.
  const shown = closed.length > 0 ? hours.filter((window) => !('always' in window)) : [];
  return [
    '',
    `Pool ${pool.name}, from ${title}`,
    ...part('It has no window, so that nothing is rebooted, because', closed.flatMap(item)),
    ...part(
      'Its windows, for when that is settled:',
      shown.map((window) => `  - ${JSON.stringify(window)}`),
    ),
    ...part(
      "To be set in the environment of the agent's container on these nodes:",
      Object.entries(agent).map(
        ([name, value]) => `  - { name: ${name}, value: ${JSON.stringify(value)} }`,
      ),
    ),
    ...part(
      'Meant differently, or not carried over:',
      notes.flatMap(({ about, text }) => item(`${about}: ${text}`)),
    ),
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
