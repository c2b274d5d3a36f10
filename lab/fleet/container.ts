import { join } from 'node:path';

/** A container as a manifest has it, as far as the lab runs it as a process. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly resources?: { readonly limits?: { readonly memory?: string } };
  readonly securityContext?: SecurityContext;
  readonly command?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
  readonly startupProbe?: { readonly exec?: { readonly command: readonly string[] } };
}

/** Of a pod, or of a container. */
export interface SecurityContext {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly fsGroup?: number;
  readonly privileged?: boolean;
  readonly capabilities?: object;
}

interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

/** What the kubelet of the node would put in the container's place. */
export interface Surroundings {
  /** Of the pod, such as `spec.nodeName`. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Which directory of this machine stands for a mount, by the path of the mount. */
  readonly mounts?: Readonly<Record<string, string>>;
}

/** The environment the container would have; throws for a variable or a mount that the lab has nothing for. */
export function environmentOf(container: Container, around: Surroundings): NodeJS.ProcessEnv {
  const missing = (container.volumeMounts ?? []).filter(
    ({ mountPath }) => around.mounts?.[mountPath] === undefined,
  );
  if (missing.length > 0) {
    const paths = missing.map(({ mountPath }) => mountPath).join(', ');
    throw new Error(`the lab has nothing to mount at ${paths} into ${container.name}`);
  }
  return Object.fromEntries(
    (container.env ?? []).map((variable) => [variable.name, valueOf(variable, around)]),
  );
}

function valueOf(
  { name, value, valueFrom }: EnvVar,
  { fields = {}, mounts = {} }: Surroundings,
): string {
  if (value !== undefined) return onThisMachine(value, mounts);
  const field = fields[valueFrom?.fieldRef?.fieldPath ?? ''];
  if (field === undefined) throw new Error(`the lab does not know the value of ${name}`);
  return field;
}

/** A path below a mount is one below the directory that stands for it. */
function onThisMachine(value: string, mounts: Readonly<Record<string, string>>): string {
  for (const [path, directory] of Object.entries(mounts)) {
    if (value.startsWith(`${path}/`)) return join(directory, value.slice(path.length + 1));
  }
  return value;
}
