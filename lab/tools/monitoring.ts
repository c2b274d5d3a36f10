import type { CatalogueEntry, RegistryWay } from './catalogue.ts';
import { github } from './github.ts';

/** The server, and what checks its rules: both are in one archive. */
export function ofPrometheus(binary: 'prometheus' | 'promtool'): CatalogueEntry {
  return monitoring({
    binary,
    repository: 'prometheus',
    version: '3.5.0',
    accepts: new RegExp(`^${binary}, version (2\\.(4[2-9]|[5-9]\\d)|[3-9])\\.`, 'm'),
    wanted: '2.42 or newer',
    registry: { kind: 'apt', package: 'prometheus', member: `usr/bin/${binary}` },
  });
}

export const alertmanager: CatalogueEntry = monitoring({
  binary: 'alertmanager',
  repository: 'alertmanager',
  version: '0.29.0',
  accepts: /^alertmanager, version 0\.(2[5-9]|[3-9]\d)\./m,
  wanted: '0.25 or newer',
  // Debian's starts only where its templates are installed.
  registry: {
    kind: 'go-install',
    module: 'github.com/prometheus/alertmanager/cmd/alertmanager@v0.29.0',
  },
});

function monitoring(of: {
  binary: string;
  repository: string;
  version: string;
  accepts: RegExp;
  wanted: string;
  registry: RegistryWay;
}): CatalogueEntry {
  const { binary, repository, version, accepts, wanted, registry } = of;
  return {
    binary,
    version,
    onPath: { args: ['--version'], accepts, wanted },
    release: ({ os, arch }) => ({
      ...github({
        repository: `prometheus/${repository}`,
        tag: `v${version}`,
        asset: `${repository}-${version}.${os}-${arch}.tar.gz`,
      }),
      member: `${repository}-${version}.${os}-${arch}/${binary}`,
    }),
    registry,
    install: `install ${binary} ${wanted} so that it is on PATH (https://prometheus.io/download/)`,
  };
}
