import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onPath } from '../lab/tools/find.ts';

/** An event of the DevTools protocol. */
export interface BrowserEvent {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** As Debian, Ubuntu and Google call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const ARGV = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--lang=en',
  '--remote-debugging-port=0',
];

/** One page of a headless Chromium, steered by the DevTools protocol; nothing of it outlives `close`. */
export class Chromium {
  /** What the page has told since it was opened, of the domains that are enabled. */
  readonly events: BrowserEvent[] = [];
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (message: Answer) => void>();
  #asked = 0;

  private constructor(process: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) =>
      this.#hear(JSON.parse(String(data)) as Answer),
    );
  }

  /** Rejects with what is to be installed where there is no Chromium. */
  static async open(names: readonly string[] = NAMES): Promise<Chromium> {
    const found = await Promise.all(names.map(onPath));
    const program = found.find((path) => path !== undefined);
    if (program === undefined) throw new Error(`there is no ${names[0]}: apt-get install chromium`);
    const profile = await mkdtemp(join(tmpdir(), 'lockkeeper-chromium-'));
    const browser = spawn(program, [...ARGV, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: 'ignore',
      // Its pages tell the time in the zone of whoever looks.
      env: { ...process.env, TZ: 'UTC', HOME: profile },
    });
    const missing = new Promise<never>((_, reject) => {
      browser.once('error', (error) => {
        reject(new Error(`${program} does not start: ${error.message}`));
      });
      browser.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
    });
    const looking = new AbortController();
    try {
      const socket = await Promise.race([openPage(profile, looking.signal), missing]);
      return new Chromium(browser, profile, socket);
    } catch (error) {
      looking.abort();
      browser.kill('SIGKILL');
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
      throw error;
    }
  }

  /** One command, such as `Page.navigate`; rejects where the browser refuses it. */
  async tell<T = unknown>(method: string, params: object = {}): Promise<T> {
    const id = (this.#asked += 1);
    const answer = new Promise<Answer>((resolve) => this.#answers.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result as T;
  }

  /** What an expression of JavaScript is in the page; a promise is waited for. */
  async value<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.tell<{
      readonly result: { readonly value: T };
      readonly exceptionDetails?: { readonly text: string };
    }>('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  }

  /** Opens an address and waits until the page has loaded. */
  async visit(url: string): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.tell(`${domain}.enable`);
    this.events.length = 0;
    await this.tell('Page.navigate', { url });
    while (!this.events.some(({ method }) => method === 'Page.loadEventFired')) await pause(20);
  }

  /** As PNG. */
  async screenshot(): Promise<Buffer> {
    const options = { captureBeyondViewport: true };
    const { data } = await this.tell<{ readonly data: string }>('Page.captureScreenshot', options);
    return Buffer.from(data, 'base64');
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#socket.close();
    this.#process.kill('SIGKILL');
    await ended;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #hear(message: Answer): void {
    if (message.id === undefined) {
      const { method = '', params = {} } = message;
      this.events.push({ method, params });
      return;
    }
    this.#answers.get(message.id)?.(message);
    this.#answers.delete(message.id);
  }
}

interface Answer extends Partial<BrowserEvent> {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** The browser writes its port into its profile as soon as it listens. */
async function openPage(profile: string, signal: AbortSignal): Promise<WebSocket> {
  let port: string | undefined;
  while (!port) {
    await pause(50, undefined, { signal });
    const text = await readFile(join(profile, 'DevToolsActivePort'), 'utf8').catch(() => '');
    [port] = text.split('\n');
  }
  const list = await fetch(`http://127.0.0.1:${port}/json/list`);
  const targets = (await list.json()) as { type: string; webSocketDebuggerUrl: string }[];
  const url = targets.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? '';
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return socket;
}
