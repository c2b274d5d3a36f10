import { widthOf } from './paint.ts';

/** The last column gets no less, however wide the others are. */
const NARROWEST = 24;

/**
 * Rows as aligned columns, a line each; the first row gives their number. Where the last column would stand out over `width`,
 * its words go on below.
 */
export function columns(rows: readonly (readonly string[])[], width = Infinity): string {
  const count = rows[0]?.length ?? 0;
  const widths = Array.from({ length: count }, (_, at) =>
    Math.max(...rows.map((row) => widthOf(row[at] ?? ''))),
  );
  const indent = widths.slice(0, -1).reduce((sum, one) => sum + one + 2, 0);
  const room = Math.max(NARROWEST, width - indent);
  const line = (row: readonly string[]): string => {
    const fixed = row.slice(0, count - 1).map((cell, at) => padded(cell, widths[at] ?? 0));
    const [first = '', ...more] = wrapped(row[count - 1] ?? '', room);
    const below = more.map((words) => `${' '.repeat(indent)}${words}`);
    return [`${fixed.map((cell) => `${cell}  `).join('')}${first}`.trimEnd(), ...below].join('\n');
  };
  return `${rows.map(line).join('\n')}\n`;
}

const padded = (cell: string, width: number): string =>
  cell + ' '.repeat(Math.max(0, width - widthOf(cell)));

/** A text in lines of at most `width`, cut between words; a word that is longer stays whole, so that it can be copied. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
