import type { CatalogueEntry } from './catalogue.ts';

const KUBERNETES = '1.34.4';
const KUBERNETES_LDFLAGS = [
  '-s -w',
  `-X k8s.io/component-base/version.gitVersion=v${KUBERNETES}`,
  '-X k8s.io/component-base/version.gitMajor=1',
  '-X k8s.io/component-base/version.gitMinor=34',
].join(' ');

export const GO_NEEDED = 'install Go 1.24 or newer (https://go.dev/dl/)';

/** A program of the control plane, all of one version. */
export function kubernetes(binary: string): CatalogueEntry {
  return {
    binary,
    version: KUBERNETES,
    // Only this minor version: the parts must not be newer than the API server.
    onPath: { args: ['--version'], accepts: /Kubernetes v1\.34\./, wanted: '1.34' },
    release: ({ os, arch }) => {
      const url = `https://dl.k8s.io/release/v${KUBERNETES}/bin/linux/${arch}/${binary}`;
      return os === 'linux' ? { url, sha256: { kind: 'file', url: `${url}.sha256` } } : undefined;
    },
    registry: {
      kind: 'go-build',
      package: `k8s.io/kubernetes/cmd/${binary}`,
      ldflags: KUBERNETES_LDFLAGS,
    },
    install: GO_NEEDED,
  };
}
