/** A digest as registries write it. */
export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The components with an image, and its digest. */
export interface Digests {
  readonly worker: string;
  readonly agent: string;
}

/** Manifests whose images are named by tag and digest; throws unless each is named, and nothing else is. */
export function pinImages(manifests: string, registry: string, digests: Digests): string {
  const left = new Set<string>(Object.keys(digests));
  const pinned = manifests.replaceAll(/^( +image: )(\S+)$/gm, (_, key: string, image: string) => {
    const [, component = '', tag] = /\/([^/:@]+):([^:@]+)$/.exec(image) ?? [];
    if (!(component in digests) || tag === undefined)
      throw new Error(`${image} is no image of ours`);
    const digest = digests[component as keyof Digests];
    if (!DIGEST.test(digest)) throw new Error(`${digest} is no digest for the ${component}`);
    left.delete(component);
    return `${key}${registry}/${component}:${tag}@${digest}`;
  });
  if (left.size > 0) throw new Error(`no image of ${[...left].join(', ')} in the manifests`);
  return pinned;
}
