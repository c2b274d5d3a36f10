import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pageOf } from '../../cli/history/html/page-of.ts';
import { aStory, START } from '../../cli/history/html/stories.fixture.ts';
import { LEGEND } from '../../cli/history/html/timeline.ts';
import { PHASES, type RolloutStory } from '../../cli/history/story.ts';
import { policyIn } from '../../cli/policy-source.ts';
import { Chromium } from '../chromium.ts';

/** The page of `lockkeeper history --html` in a browser, as a person reads it. */

const MINUTE = 60_000;

let dir: string;
let browser: Chromium;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-history-page-'));
  browser = await Chromium.open();
});
afterAll(async () => {
  await browser?.close();
  await rm(dir, { recursive: true, force: true });
});

test('where there is no browser, it is named', async () => {
  await expect(Chromium.open(['no-such-browser'])).rejects.toThrow(
    'there is no no-such-browser: apt-get install chromium',
  );
});

/** A node whose rollout was in every phase, one after the other. */
const everyPhase = aStory({
  node: 'worker-0',
  endedMs: START + 10 * PHASES.length * MINUTE,
  spans: PHASES.map((phase, at) => ({
    phase,
    fromMs: START + 10 * at * MINUTE,
    toMs: START + 10 * (at + 1) * MINUTE,
    because: [`reason of ${phase} <script>throw new Error("ran")</script>`],
  })),
});

/** As the names that clouds give, and longer. */
const nameOf = (index: number): string =>
  index % 10 === 0
    ? `ip-10-20-30-${index}.eu-central-1.compute.internal.a-very-long-name-of-a-cluster.example.org`
    : `aks-agentpool-12345678-vmss${String(index).padStart(6, '0')}`;

const many: RolloutStory[] = [
  everyPhase,
  ...Array.from({ length: 199 }, (_, index) =>
    aStory({ node: nameOf(index), beganMs: START + 20 * index * MINUTE }),
  ),
];

async function open(
  stories: readonly RolloutStory[],
  scheme: 'light' | 'dark' = 'light',
): Promise<void> {
  const windows = '{days: [mon, tue, wed], start: "20:00", end: "06:00"}';
  const text = `timeZone: Europe/Zurich\npools: [{name: workers, nodes: a=b, maxUnavailable: 3, windows: [${windows}]}]\n`;
  const policy = policyIn({ name: 'policy.yaml', directory: '.', text });
  const atMs = Math.max(...stories.map(({ endedMs = 0 }) => endedMs));
  const page = await pageOf(stories, { sinceMs: START - MINUTE, atMs, policy });
  const path = join(dir, 'page.html');
  await writeFile(path, page);
  await browser.tell('Emulation.setDeviceMetricsOverride', {
    width: 1300,
    height: 900,
    deviceScaleFactor: 1,
    mobile: false,
  });
  const features = [{ name: 'prefers-color-scheme', value: scheme }];
  await browser.tell('Emulation.setEmulatedMedia', { media: '', features });
  await browser.visit(`file://${path}`);
  const keep = process.env['LOCKKEEPER_SCREENSHOTS'];
  if (keep) {
    const name = `history-${stories.length}-${scheme}.png`;
    await writeFile(join(keep, name), await browser.screenshot());
  }
}

/** What the browser has complained about, and what it has asked for beside the page. */
function trouble(): string[] {
  return browser.events.flatMap(({ method, params }) => {
    if (/exceptionThrown|consoleAPICalled|entryAdded/.test(method)) return [JSON.stringify(params)];
    const { url } = (params['request'] ?? {}) as { readonly url?: string };
    return method === 'Network.requestWillBeSent' && url?.endsWith('/page.html') !== true
      ? [`asked for ${url}`]
      : [];
  });
}

describe.each(['light', 'dark'] as const)('in a browser that prefers %s', (scheme) => {
  test('it opens without a complaint and without a request', async () => {
    await open(many, scheme);
    expect(trouble()).toEqual([]);
    expect(await browser.value('document.scripts.length')).toBe(0);
  });

  test('words stand out against the paper', async () => {
    await open([everyPhase], scheme);
    const [paper, ink] = await browser.value<[string, string]>(
      `['backgroundColor', 'color'].map((name) => getComputedStyle(document.body)[name])`,
    );
    expect(contrast(paper, ink)).toBeGreaterThan(7);
    const isDark = luminance(paper) < 0.5;
    expect(isDark).toBe(scheme === 'dark');
  });

  test('every phase looks like no other, in grey too', async () => {
    await open([everyPhase], scheme);
    const looks = await browser.value<string[]>(
      `[...document.querySelectorAll('td .bar')].map((bar) => getComputedStyle(bar).backgroundImage + getComputedStyle(bar).borderStyle)`,
    );
    expect(looks).toHaveLength(PHASES.length);
    expect(new Set(looks).size).toBe(PHASES.length);
  });
});

test('a bar says its reason on hover and by keyboard', async () => {
  await open([everyPhase]);
  expect(
    await browser.value<string[]>(
      `[...document.querySelectorAll('td .bar')].map((bar) => bar.title)`,
    ),
  ).toEqual(
    PHASES.map((phase) =>
      expect.stringMatching(
        new RegExp(`^worker-0: ${LEGEND[phase]}\\n.* \\(10m\\)\\nreason of ${phase} <script>`),
      ),
    ),
  );
  // The first is the picture of how many are out.
  for (const _ of [1, 2]) {
    for (const type of ['keyDown', 'keyUp']) {
      await browser.tell('Input.dispatchKeyEvent', { type, key: 'Tab', windowsVirtualKeyCode: 9 });
    }
  }
  const shown = `getComputedStyle(document.activeElement, '::after').content`;
  expect(await browser.value(shown)).toContain('reason of waiting');
});

/** Where everything of this kind is. */
const placesOf = (selector: string) =>
  browser.value<{ x: number; y: number; right: number; bottom: number }[]>(
    `[...document.querySelectorAll('${selector}')].map((one) => { const range = document.createRange(); range.selectNodeContents(one); const { x, y, right, bottom } = range.getBoundingClientRect(); return { x, y, right, bottom }; })`,
  );

test('200 nodes with long names are readable: no words overlap others, or the bars', async () => {
  await open(many);
  const names = await placesOf('.timeline tbody th');
  expect(names).toHaveLength(201);
  names.forEach((name, at) => {
    const before = names[at - 1];
    if (before) expect(name.y).toBeGreaterThanOrEqual(before.bottom);
  });
  const [track] = await placesOf('.timeline .out .track');
  expect(Math.max(...names.map(({ right }) => right))).toBeLessThanOrEqual(track?.x ?? 0);
  const ticks = (await placesOf('.tick')).toSorted((one, other) => one.x - other.x);
  expect(ticks.length).toBeGreaterThan(3);
  ticks.forEach((tick, at) => {
    const before = ticks[at - 1];
    if (before) expect(tick.x).toBeGreaterThan(before.right);
  });
  const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  expect(await browser.value(wide)).toBe(0);
});

test.each<[string, readonly RolloutStory[], number]>([
  ['one node', [everyPhase], 1],
  ['200 nodes', many, 25],
])(
  '%s: printed on A4, in the colours of paper, on few pages',
  async (_, stories, most) => {
    await open(stories, 'dark');
    const { data } = await browser.tell<{ readonly data: string }>('Page.printToPDF', {
      preferCSSPageSize: true,
    });
    const pdf = Buffer.from(data, 'base64').toString('latin1');
    const boxes = [...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)];
    expect(boxes.length).toBeGreaterThan(0);
    expect(boxes.length).toBeLessThanOrEqual(most);
    // In points, 297 by 210 mm.
    const [, width, height] = boxes[0] ?? [];
    expect([Number(width), Number(height)].map(Math.round)).toEqual([842, 595]);
    await browser.tell('Emulation.setEmulatedMedia', {
      media: 'print',
      features: [{ name: 'prefers-color-scheme', value: 'dark' }],
    });
    expect(luminance(await browser.value('getComputedStyle(document.body).backgroundColor'))).toBe(
      1,
    );
    // A thousand patterns take a browser long, and longer beside other tests.
  },
  900_000,
);

/** Of "rgb(…)", as WCAG counts it. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
    const value = Number(part) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}
