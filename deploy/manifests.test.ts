import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '../agent/config.ts';
import { ANNOTATION, REBOOT_REQUIRED } from '../domain/node-contract.ts';
import { Policy } from '../domain/policy.ts';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}
interface ConfigMap extends Manifest {
  readonly data: Readonly<Record<string, string>>;
}
interface DaemonSet extends Manifest {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value?: string }[];
          readonly volumeMounts: readonly { readonly mountPath: string }[];
        }[];
      };
    };
  };
}

const DIR = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(DIR).filter((file) => file.endsWith('.yaml'));
const objects = files.flatMap((file) =>
  parseAllDocuments(readFileSync(join(DIR, file), 'utf8')).map(
    (document) => document.toJS() as Manifest,
  ),
);
const find = (kind: string) => objects.find((object) => object.kind === kind);

describe('the manifests', () => {
  test('hold a policy that is accepted', () => {
    const { data } = find('ConfigMap') as ConfigMap;
    expect(Policy.safeParse(parse(data['policy.yaml'] ?? '')).error).toBeUndefined();
  });

  test('configure an agent that starts, with its sentinel in the directory that is mounted', () => {
    const [agent] = (find('DaemonSet') as DaemonSet).spec.template.spec.containers;
    const fromKubelet = { KUBERNETES_SERVICE_HOST: '10.0.0.1', LOCKKEEPER_NODE_ID: 'worker-7' };
    const given = agent?.env.flatMap(({ name, value }) =>
      value === undefined ? [] : [[name, value]],
    );
    const read = readConfig([], { ...Object.fromEntries(given ?? []), ...fromKubelet });
    if (!read.ok) throw new Error(read.problems.join());
    const { sentinel } = read.config.host;
    expect(agent?.volumeMounts.map(({ mountPath }) => mountPath)).toEqual([
      sentinel.kind === 'file' ? dirname(sentinel.path) : undefined,
    ]);
  });

  test('let an agent change exactly what the node contract gives it', () => {
    const text = JSON.stringify(find('ValidatingAdmissionPolicy'));
    const named = text.match(/lockkeeper\.io\/[a-z-]+/g);
    expect(new Set(named)).toEqual(new Set([ANNOTATION.answer]));
    expect(text).toContain(`c.type != '${REBOOT_REQUIRED}'`);
  });
});
