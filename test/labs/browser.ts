import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGuard, type Guard } from '../../lab/cluster/guard.ts';
import { answers } from '../../lab/cluster/http.ts';
import { freePorts } from '../../lab/cluster/ports.ts';
import { manageProcess, type ManagedProcess } from '../../lab/cluster/process.ts';
import { onPath } from '../../lab/tools/find.ts';
import { until } from '../ask.ts';

/** As Debian, Ubuntu and Google call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

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

/** Chromium without a window, driven by its DevTools protocol; one page, which is read as a person would. */
export class Browser {
  readonly #process: ManagedProcess;
  readonly #guard: Guard;
  readonly #dir: string;
  readonly #socket: WebSocket;
  #asked = 0;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  private constructor(process: ManagedProcess, guard: Guard, dir: string, socket: WebSocket) {
    this.#process = process;
    this.#guard = guard;
    this.#dir = dir;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** Rejects with what is to be installed where there is no Chromium. */
  static async open(): Promise<Browser> {
    const found = await Promise.all(NAMES.map(onPath));
    const command = found.find((path) => path !== undefined);
    if (command === undefined) throw new Error('there is no chromium: apt-get install chromium');
    const [port = 0] = await freePorts(1);
    const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-browser-'));
    const guard = startGuard();
    const at = `http://127.0.0.1:${port}`;
    const browser = manageProcess(
      {
        name: 'chromium',
        command,
        args: [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-dev-shm-usage',
          '--lang=en',
          `--remote-debugging-port=${port}`,
          `--user-data-dir=${join(dir, 'profile')}`,
          'about:blank',
        ],
        // Its pages tell the time in the zone of whoever looks.
        env: { ...process.env, TZ: 'UTC', HOME: dir },
        logPath: join(dir, 'chromium.log'),
        isReady: answers(`${at}/json/version`),
      },
      { guard, onDeath: () => undefined },
    );
    await browser.start(new AbortController().signal);
    const page = await fetch(`${at}/json/new?about:blank`, { method: 'PUT' });
    const { webSocketDebuggerUrl } = (await page.json()) as { webSocketDebuggerUrl: string };
    const socket = new WebSocket(webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    const opened = new Browser(browser, guard, dir, socket);
    await opened.#call('Emulation.setDeviceMetricsOverride', SCREEN);
    return opened;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#process.stop();
    this.#guard.close();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async goTo(url: string): Promise<void> {
    await this.#call('Page.navigate', { url });
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
    const { data } = (await this.#call('Page.captureScreenshot', { format: 'png', ...what })) as {
      data: string;
    };
    await writeFile(path, Buffer.from(data, 'base64'));
  }

  async evaluate(expression: string): Promise<unknown> {
    const { result } = (await this.#call('Runtime.evaluate', {
      expression,
      returnByValue: true,
    })) as { result: { value?: unknown } };
    return result.value;
  }

  async #call(method: string, params: unknown = {}): Promise<unknown> {
    const id = (this.#asked += 1);
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answered;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
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
