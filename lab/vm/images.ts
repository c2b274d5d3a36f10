import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { baseImages, exists, PREFIX, type BaseImages } from '../images/base.ts';
import { buildAlone, buildImage, COMPONENTS, imageOf } from '../images/build.ts';
import { tool, toolAnyway } from '../images/tool.ts';
import type { ProgressSink } from '../tools/contract.ts';

/** The text of a file of the chart. */
export const chartFile = (file: string): Promise<string> =>
  readFile(new URL(`../../deploy/chart/${file}`, import.meta.url), 'utf8');

/** As the README installs it: with this, and nothing else said. */
export const REGISTRY = 'registry.example';
/** Of the workloads on the machines, and of the storage: Debian with a shell. */
export const BASE = `${REGISTRY}/base:1`;
/** What containerd 1.6 keeps a pod's namespaces by, unless told otherwise. */
const PAUSE = 'registry.k8s.io/pause:3.6';

/**
 * Builds the images of a release from their Dockerfiles and writes them into `archive`, each by the name under which the chart asks
 * for it, with what stands in for the images of others. No registry is asked, and none of those names stays on this machine.
 */
export async function archiveImages(
  archive: string,
  { log, signal }: { readonly log: ProgressSink; readonly signal: AbortSignal },
): Promise<void> {
  await buildAlone({ log, signal }, async () => {
    const images = await baseImages({}, log);
    for (const name of COMPONENTS) {
      log(`building the image of the ${name}`);
      await buildImage(name, images);
    }
    log('packing the images');
    const names = await namesOf(images);
    try {
      for (const pair of names) await tool('podman', ['tag', ...pair]);
      const save = ['save', '--quiet', '--multi-image-archive', '-o', archive];
      await tool('podman', [...save, ...names.map(([, name]) => name)]);
    } finally {
      for (const [, name] of names)
        await toolAnyway('podman', ['untag', name]).catch(() => undefined);
    }
  });
}

/** What there is here, and what it is called in a cluster. */
async function namesOf(images: BaseImages): Promise<[string, string][]> {
  const { appVersion } = parse(await chartFile('Chart.yaml')) as { readonly appVersion: string };
  const { temporal } = parse(await chartFile('values.yaml')) as {
    readonly temporal: {
      readonly embedded: { readonly image: string; readonly ui: { readonly image: string } };
    };
  };
  return [
    ...COMPONENTS.map((name): [string, string] => [
      imageOf(name),
      `${REGISTRY}/${name}:${appVersion}`,
    ]),
    [images.temporal, temporal.embedded.image],
    [images.ui, temporal.embedded.ui.image],
    [images.workerBase, BASE],
    [await pauseImage(images.workerBase), PAUSE],
  ];
}

/** Waits until it is told to end, as that of Kubernetes does: one that did not hear would hold up the shutdown of its machine for 90 s. */
async function pauseImage(from: string): Promise<string> {
  const image = `${PREFIX}/pause:1`;
  if (await exists(image)) return image;
  const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-pause-'));
  try {
    const script = "trap 'exit 0' TERM INT; sleep infinity & wait";
    await writeFile(
      join(dir, 'Dockerfile'),
      `FROM ${from}\nENTRYPOINT ["sh", "-c", "${script}"]\n`,
    );
    await tool('buildah', ['bud', '--isolation', 'chroot', '-q', '-t', image, dir]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return image;
}
