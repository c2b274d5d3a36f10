import { parseArgs } from 'node:util';
import type { BaseImages } from './base.ts';

export const HELP = `Builds both images from their Dockerfiles and runs them as the manifests say, against the lab's real API server
and Temporal, until a node has been rebooted.

Usage: npm run images:test [-- OPTIONS]

  --node IMAGE         to build with: Node and npm
  --worker-base IMAGE  what the worker's image is made on
  --agent-base IMAGE   what the agent's image is made on
  --init-image IMAGE   what plays process 1 of the machine: it has to have bash
  --help

An image that is not named is made from Debian's packages, once: all that is made here is called localhost/lockkeeper-test/…
and stays for the next run (podman rmi). As they are shipped:
  npm run images:test -- --node docker.io/library/node:24.21.0-trixie-slim \\
    --worker-base gcr.io/distroless/cc-debian13:nonroot --agent-base docker.io/library/debian:trixie-slim \\
    --init-image docker.io/library/debian:trixie-slim

Needs root, buildah and podman, and mmdebstrap when an image has to be made:
  apt-get install buildah podman runc mmdebstrap

Exit codes:
  0    everything was tried and is well
  1    something is not, or could not be tried
  2    an option is wrong
  130  stopped by Ctrl-C
`;

export type ImagesArgs =
  | { readonly kind: 'run'; readonly given: Partial<BaseImages> }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problem: string };

const IMAGE = { type: 'string' } as const;

/** Reads the command line. */
export function parseImagesArgs(args: readonly string[]): ImagesArgs {
  const options = {
    node: IMAGE,
    'worker-base': IMAGE,
    'agent-base': IMAGE,
    'init-image': IMAGE,
    help: { type: 'boolean' },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    if (values.help) return { kind: 'help' };
    const given = {
      node: values.node,
      workerBase: values['worker-base'],
      agentBase: values['agent-base'],
      init: values['init-image'],
    };
    const named = Object.entries(given).filter(([, image]) => image !== undefined);
    return { kind: 'run', given: Object.fromEntries(named) };
  } catch (error) {
    return { kind: 'wrong', problem: (error as Error).message };
  }
}
