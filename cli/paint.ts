/** How words stand out on a terminal that shows colours: by what they say, never by the colour alone. */
const STYLES = { good: 32, warning: 33, bad: 31, faint: 2, strong: 1 } as const;
export type Style = keyof typeof STYLES;

// Of the private use area, which is taken out of whatever others have written: only `paint` puts them in.
const FIRST = 0xe000;
const END = String.fromCodePoint(FIRST);
const NAMES = Object.keys(STYLES) as Style[];
const signOf = (style: Style): string => String.fromCodePoint(FIRST + 1 + NAMES.indexOf(style));
const SIGNS = /[\uE000-\uE00F]/gu;

/** A text that stands out. */
export const paint = (style: Style, text: string): string => `${signOf(style)}${text}${END}`;

/** How many columns a text takes. */
export const widthOf = (text: string): number => text.replaceAll(SIGNS, '').length;

/**
 * A text as it is printed: without what would steer the terminal, for others have written some of it; in colours, or as bare
 * words where nobody would see them.
 */
export function printed(text: string, colours: boolean): string {
  const safe = text.replaceAll(/[^\P{C}\n\t\uE000-\uE00F]/gu, '');
  return safe.replaceAll(SIGNS, (sign) => (colours ? escapeOf(sign) : ''));
}

function escapeOf(sign: string): string {
  const style = NAMES[(sign.codePointAt(0) ?? FIRST) - FIRST - 1];
  return `\u001B[${style === undefined ? 0 : STYLES[style]}m`;
}
