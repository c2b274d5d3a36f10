import { words } from './outside.ts';

/** What begins something in Markdown, where it stands inside a line (CommonMark 0.31, 2.4 and 6). */
const SIGNS = /[\\`*_[\]<>!|~&]/g;

/** Words of others as they are, for the Web UI, which shows Markdown: no link, no picture, no HTML. */
export const markdown = (text: string, most?: number): string =>
  words(text, most).replaceAll(SIGNS, '\\$&');
