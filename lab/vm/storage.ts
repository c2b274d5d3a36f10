import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Cluster } from '../cluster/contract.ts';
import { manageProcess, type ManagedProcess, type ProcessContext } from '../cluster/process.ts';
import { applyObjects } from '../fleet/apply.ts';
import type { Kube } from '../fleet/kube.ts';

const NAMESPACE = 'local-path-storage';
const ACCOUNT = 'local-path-provisioner-service-account';
const PATHS = {
  nodePathMap: [
    { node: 'DEFAULT_PATH_FOR_NON_LISTED_NODES', paths: ['/opt/local-path-provisioner'] },
  ],
};

/** As in the manifests of the provisioner (v0.0.30, deploy/local-path-storage.yaml), with the base image in place of busybox. */
function objects(image: string): object[] {
  const metadata = (name: string) => ({ name, namespace: NAMESPACE });
  const helper = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'helper-pod' },
    spec: {
      priorityClassName: 'system-node-critical',
      containers: [{ name: 'helper-pod', image, imagePullPolicy: 'IfNotPresent' }],
    },
  };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(ACCOUNT) },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata('local-path-config'),
      data: {
        'config.json': JSON.stringify(PATHS),
        setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
        teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
        'helperPod.yaml': stringify(helper),
      },
    },
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: {
        name: 'local-path',
        annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
      },
      provisioner: 'rancher.io/local-path',
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    },
  ];
}

/** The provisioner that k3s brings along, beside the control plane; its pods on the nodes run `image`. */
export async function startStorage(
  { program, image }: { readonly program: string; readonly image: string },
  { cluster, kube }: { readonly cluster: Cluster; readonly kube: Kube },
  context: ProcessContext,
): Promise<ManagedProcess> {
  await applyObjects(kube, objects(image) as Parameters<typeof applyObjects>[1]);
  const config = join(cluster.dir, 'local-path.json');
  await writeFile(config, JSON.stringify(PATHS));
  return manageProcess(
    {
      name: 'local-path-provisioner',
      command: program,
      args: [
        'start',
        `--config=${config}`,
        `--kubeconfig=${cluster.kubeconfigPath}`,
        `--namespace=${NAMESPACE}`,
        `--service-account-name=${ACCOUNT}`,
        `--helper-image=${image}`,
      ],
      logPath: join(cluster.logsDir, 'local-path-provisioner.log'),
    },
    context,
  );
}
