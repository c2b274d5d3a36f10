import type { Release } from './catalogue.ts';

/** GitHub computes the SHA-256 of every release asset and publishes it in the release's description. */
export function github(of: {
  repository: string;
  tag: string;
  asset: string;
}): Pick<Release, 'url' | 'sha256'> {
  return {
    url: `https://github.com/${of.repository}/releases/download/${of.tag}/${of.asset}`,
    sha256: {
      kind: 'github',
      url: `https://api.github.com/repos/${of.repository}/releases/tags/${of.tag}`,
      asset: of.asset,
    },
  };
}
