import { writeFile } from 'node:fs/promises';
import { until } from '../ask.ts';
import { Chromium } from '../chromium.ts';

/** As large as the screen of a person. */
const SCREEN = { width: 1400, height: 1000, deviceScaleFactor: 1, mobile: false };

/** What the page shows: its words, and those of them that are on the screen without scrolling. */
interface Read {
  readonly words: string;
  readonly onScreen: string;
}

interface Clip {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A page of Chromium that is read as a person would. */
export class Browser {
  readonly #page: Chromium;

  private constructor(page: Chromium) {
    this.#page = page;
  }

  /** Rejects with what is to be installed where there is no Chromium. */
  static async open(): Promise<Browser> {
    const page = await Chromium.open();
    await page.tell('Emulation.setDeviceMetricsOverride', SCREEN);
    return new Browser(page);
  }

  async close(): Promise<void> {
    await this.#page.close();
  }

  async goTo(url: string): Promise<void> {
    await this.#page.tell('Page.navigate', { url });
  }

  /** The words of the page as it is now. */
  async read(): Promise<Read> {
    return (await this.evaluate(`(${readPage})()`)) as Read;
  }

  /** Reads until all of these are on the screen; the page may load for as long as it likes. */
  async shows(...words: readonly string[]): Promise<Read> {
    return await until(
      () => this.read(),
      ({ onScreen }) => words.every((word) => onScreen.includes(word)),
    );
  }

  /** Presses the first link, tab or button whose words begin so, as soon as there is one. */
  async press(words: string): Promise<void> {
    await until(
      () => this.evaluate(`(${pressOnPage})(${JSON.stringify(words)})`),
      (pressed) => pressed === true,
    );
  }

  /** `clip`: only a part of the screen, in pixels. */
  async picture(path: string, clip?: Clip): Promise<void> {
    const what = clip ? { clip: { ...clip, scale: 1 } } : {};
    const { data } = await this.#page.tell<{ readonly data: string }>(
      'Page.captureScreenshot',
      what,
    );
    await writeFile(path, Buffer.from(data, 'base64'));
  }

  async evaluate(expression: string): Promise<unknown> {
    return await this.#page.value(expression);
  }
}

/** Runs in the page. Markdown is shown in a frame of its own; what a frame cuts off is not on the screen. */
const readPage = `() => {
  const all = [];
  const seen = [];
  const look = (page, screen) => {
    const range = page.createRange();
    const inside = ({ top, bottom, left, right, width, height }) =>
      width > 0 && height > 0 &&
      screen.top + top >= screen.from && screen.top + bottom <= screen.to &&
      screen.left + left >= 0 && screen.left + right <= innerWidth;
    const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let one = walker.nextNode(); one; one = walker.nextNode()) {
      if (one.nodeName === 'IFRAME' && one.contentDocument?.body) {
        const frame = one.getBoundingClientRect();
        const [top, left] = [screen.top + frame.top, screen.left + frame.left];
        const [from, to] = [Math.max(screen.from, top), Math.min(screen.to, screen.top + frame.bottom)];
        look(one.contentDocument, { top, left, from, to });
      }
      if (one.nodeType !== Node.TEXT_NODE || ['SCRIPT', 'STYLE'].includes(one.parentNode.nodeName)) continue;
      if (!one.parentElement.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
      all.push(one.data);
      range.selectNodeContents(one);
      if ([...range.getClientRects()].some(inside)) seen.push(one.data);
    }
  };
  if (document.body) look(document, { top: 0, left: 0, from: 0, to: innerHeight });
  const say = (texts) => texts.join(' ').replaceAll(/\\s+/g, ' ');
  return { words: say(all), onScreen: say(seen) };
}`;

/** Runs in the page; answers whether there was something to press. */
const pressOnPage = `(words) => {
  const all = [...document.querySelectorAll('a, button, [role="tab"], [role="button"], summary')];
  const found = all.find((one) => one.checkVisibility() && one.innerText.trim().startsWith(words));
  found?.click();
  return found !== undefined;
}`;
