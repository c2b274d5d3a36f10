import type { Container } from '../../lab/fleet/container.ts';
import type { PodSpec } from '../../lab/fleet/manifests.ts';
import { onPath } from '../../lab/tools/find.ts';
import { tool, toolAnyway } from '../../lab/images/tool.ts';

/** A container and its pod as a manifest has them. */
export interface PodTemplate {
  readonly pod: PodSpec;
  readonly container: Container;
}

/** What each key of a security context means to podman. A key that is not here is refused: nothing shipped goes untested. */
const MEANING: Readonly<Record<string, (value: never) => readonly string[]>> = {
  privileged: (value: boolean) => (value ? ['--privileged'] : []),
  allowPrivilegeEscalation: (value: boolean) =>
    value ? [] : ['--security-opt', 'no-new-privileges'],
  readOnlyRootFilesystem: (value: boolean) =>
    value ? ['--read-only', '--read-only-tmpfs=false'] : [],
  // With the user, below.
  runAsUser: () => [],
  runAsGroup: () => [],
  fsGroup: (value: number) => ['--group-add', String(value)],
  // The user says it already; checked against the image by the kubelet.
  runAsNonRoot: () => [],
  capabilities: ({
    drop = [],
    add = [],
  }: {
    drop?: readonly string[];
    add?: readonly string[];
  }) => [
    ...drop.flatMap((name) => ['--cap-drop', name]),
    ...add.flatMap((name) => ['--cap-add', name]),
  ],
  // The default of podman as of every runtime.
  seccompProfile: ({ type }: { type: string }) => only(type, 'RuntimeDefault'),
  appArmorProfile: ({ type }: { type: string }) => only(type, 'Unconfined'),
};

function only(value: string, known: string): readonly string[] {
  if (value === known) return [];
  throw new Error(`this test knows of ${known} only, not of ${value}`);
}

/** The flags with which podman runs a container as its manifest says it has to run. */
export function securityFlags({ pod, container }: PodTemplate): string[] {
  const context = { ...pod.securityContext, ...container.securityContext };
  const flags = Object.entries(context).flatMap(([key, value]) => {
    const meaning = MEANING[key];
    if (meaning === undefined) throw new Error(`this test does not know what ${key} means`);
    return meaning(value as never);
  });
  const { runAsUser, runAsGroup } = context;
  if (runAsUser === undefined) throw new Error('the manifest leaves the user to the image');
  return [...flags, '--user', `${runAsUser}:${runAsGroup ?? runAsUser}`];
}

export interface Mount {
  readonly from: string;
  readonly to: string;
  readonly readOnly: boolean;
}

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly mounts: readonly Mount[];
  readonly command?: readonly string[];
}

/** Where it is there: other runtimes refuse cgroups of two versions side by side. */
const runtime = async (): Promise<readonly string[]> =>
  (await onPath('runc')) === undefined ? [] : ['--runtime', 'runc'];

/** Starts a container in the background. The network is the machine's, because the lab's servers are on 127.0.0.1. */
export async function startContainer(options: ContainerOptions): Promise<void> {
  const { name, image, flags, env, mounts, command: [program, ...args] = [] } = options;
  await tool('podman', [
    ...(await runtime()),
    'run',
    '--detach',
    `--name=${name}`,
    '--network=host',
    // A kubelet writes no line for the container's user into /etc/passwd.
    '--passwd=false',
    // Otherwise refused where the machine itself allows less than podman asks for.
    '--ulimit=nofile=1024:1024',
    '--ulimit=nproc=1024:1024',
    ...flags,
    ...Object.entries(env).flatMap(([key, value = '']) => ['--env', `${key}=${value}`]),
    ...mounts.flatMap(({ from, to, readOnly }) => [
      '--volume',
      `${from}:${to}${readOnly ? ':ro' : ''}`,
    ]),
    // What a manifest calls the command takes the place of the image's entrypoint.
    ...(program === undefined ? [] : [`--entrypoint=${program}`]),
    image,
    ...args,
  ]);
}

/** Waits for the end of a container; answers with its exit code, and what it said. */
export async function endOf(name: string): Promise<{ code: number; said: string }> {
  const code = Number(await tool('podman', ['wait', name]));
  return { code, said: await logsOf(name) };
}

export async function kill(name: string): Promise<void> {
  await tool('podman', [...(await runtime()), 'kill', name]);
}

/** What the kubelet does to a container that has ended: another one of the same, with the same volumes. */
export async function startAgain(name: string): Promise<void> {
  await tool('podman', [...(await runtime()), 'start', name]);
}

export async function restart(name: string): Promise<void> {
  await tool('podman', [...(await runtime()), 'restart', '--time', '0', name]);
}

/** Runs a program in a running container, by its user, and answers with what it printed. */
export async function runIn(name: string, command: readonly string[]): Promise<string> {
  return tool('podman', [...(await runtime()), 'exec', name, ...command]);
}

/** One after the other: one whose processes another one sees can be removed only after that. */
export async function removeContainers(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await toolAnyway('podman', ['rm', '--force', '--time', '0', '--ignore', name]);
  }
}

/** Asks a running container for its health, as its image says how; throws when it has none. */
export async function checkHealth(name: string): Promise<void> {
  await tool('podman', [...(await runtime()), 'healthcheck', 'run', name]);
}

export const logsOf = (name: string): Promise<string> =>
  toolAnyway('sh', ['-c', 'podman logs "$1" 2>&1', 'sh', name]);

export const pidOf = (name: string): Promise<string> =>
  tool('podman', ['inspect', '--format', '{{.State.Pid}}', name]);

/** What the kernel says of the first process of a container. */
export async function statusOf(name: string): Promise<ReadonlyMap<string, string>> {
  const status = await tool('cat', [`/proc/${await pidOf(name)}/status`]);
  return new Map(
    status.split('\n').map((line) => {
      const [key = '', value = ''] = line.split(':\t');
      return [key, value.trim()] as const;
    }),
  );
}
