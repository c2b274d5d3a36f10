import type { CatalogueEntry } from './catalogue.ts';
import { GO_NEEDED, kubernetes } from './kubernetes.ts';

export type MachineToolName = 'kubelet' | 'localPathProvisioner';

/** What only a lab of real machines needs; it runs on Linux alone. */
export const MACHINE_TOOLS: Readonly<Record<MachineToolName, CatalogueEntry>> = {
  kubelet: kubernetes('kubelet'),
  // Makes the volumes of k3s and kind, and of many clusters on bare metal. Its releases are images only.
  localPathProvisioner: {
    binary: 'local-path-provisioner',
    version: '0.0.30',
    release: () => undefined,
    registry: {
      kind: 'go-install',
      module: 'github.com/rancher/local-path-provisioner@v0.0.30',
    },
    install: GO_NEEDED,
  },
};
