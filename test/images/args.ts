import { Command } from 'commander';
import { parseWith, type Parsed } from '../../lab/program.ts';
import type { BaseImages } from '../../lab/images/base.ts';

const MORE = `
An image that is not named is made from Debian's packages, once: all that is made here is called localhost/lockkeeper-test/…
and stays for the next run (podman rmi). As they are shipped:
  npm run images:test -- --node docker.io/library/node:24.21.0-trixie-slim \\
    --temporal docker.io/temporalio/server:1.32.0 --ui docker.io/temporalio/ui:2.54.1 \\
    --worker-base gcr.io/distroless/cc-debian13:nonroot --agent-base docker.io/library/debian:trixie-slim \\
    --init-image docker.io/library/debian:trixie-slim

Needs root, buildah and podman, and mmdebstrap when an image has to be made:
  apt-get install buildah podman runc mmdebstrap

Exit codes:
  0    everything was tried and is well
  1    something is not, or could not be tried
  2    an option is wrong
  130  stopped by Ctrl-C`;

type Raw = Partial<Omit<BaseImages, 'init'>> & { readonly initImage?: string };

/** Reads the command line. */
export function parseImagesArgs(argv: readonly string[]): Parsed<Partial<BaseImages>> {
  const command = new Command('npm run images:test --')
    .description(
      "Builds both images from their Dockerfiles and runs them as the manifests say, with the Temporal and the Web UI of the chart, against the lab's real API server, until a node has been rebooted.",
    )
    .option('--node <image>', 'to build with: Node and npm')
    .option('--worker-base <image>', "what the worker's image is made on")
    .option('--agent-base <image>', "what the agent's image is made on")
    .option('--temporal <image>', 'the server that the chart brings along')
    .option('--ui <image>', 'its Web UI')
    .option('--init-image <image>', 'what plays process 1 of the machine: it has to have bash')
    .addHelpText('after', MORE);
  return parseWith(command, argv, ({ initImage, ...given }: Raw) => ({
    ...given,
    ...(initImage !== undefined && { init: initImage }),
  }));
}
