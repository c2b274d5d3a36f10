/** HTML that is safe to be part of a page: made by `markup` alone. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Html[];

/** A piece of a page. What is put into it is text, whoever wrote it, unless it is a piece itself. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const [first = '', ...rest] = strings;
  return new Html(
    first + rest.map((string, at) => `${written(parts[at] ?? '')}${string}`).join(''),
  );
}

function written(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('\n');
  return escaped(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\n': '&#10;',
};

/** Without what has no width or turns the direction of writing. */
const escaped = (text: string): string =>
  text.replaceAll(/[^\P{C}\n]/gu, '').replaceAll(/[&<>"'\n]/g, (sign) => ENTITIES[sign] ?? '');
