import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { podSpecOf, readManifests } from '../../lab/fleet/manifests.ts';
import { securityFlags } from '../../test/images/container.ts';
import { memoryLimitOf } from '../../test/images/memory.ts';

/** Of `npm run images:test` what can be tried without root and a container builder. */

const PROGRAM = fileURLToPath(new URL('../../test/images/main.ts', import.meta.url));
const run = (...args: string[]) =>
  spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', env: { PATH: '/nowhere' } });

describe('npm run images:test', () => {
  test('says what is missing', () => {
    expect(run()).toMatchObject({
      status: 1,
      stderr: 'nothing was tried: buildah, podman, mmdebstrap missing; see --help\n',
    });
  });
});

describe('containers are run', () => {
  test('with what the manifests say, as podman has it', async () => {
    const { objects } = await readManifests();
    const flagsOf = (kind: string): string[] => {
      const pod = podSpecOf(objects, kind);
      const [container] = pod.containers;
      if (!container) throw new Error(`the pods of the ${kind} have no container`);
      expect(memoryLimitOf(container)).toBeGreaterThan(64 * 1024 ** 2);
      return securityFlags({ pod, container });
    };
    const strict = ['--read-only', '--read-only-tmpfs=false', '--cap-drop', 'ALL'];
    const noMore = ['--security-opt', 'no-new-privileges'];
    for (const [kind, user] of [
      ['DaemonSet', '0:0'],
      ['StatefulSet', '65532:65532'],
    ] as const) {
      expect(flagsOf(kind)).toEqual(expect.arrayContaining([...strict, ...noMore, '--user', user]));
      expect(flagsOf(kind)).not.toContain('--cap-add');
    }
  });
});
