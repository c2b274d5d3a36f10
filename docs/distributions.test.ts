import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { createHost } from '../agent/host.ts';
import { readConfig } from '../agent/config.ts';

/** The sentinel commands of docs/distributions.md, obeyed as the agent does, with programs that play those of the host. */

const page = readFileSync(new URL('distributions.md', import.meta.url), 'utf8');
const [rhel = '', amazon = ''] = [...page.matchAll(/^```yaml\n([\s\S]*?)```/gm)]
  .map(([, yaml = '']) => parse(yaml) as { agent: { sentinel: { command?: string } } })
  .flatMap(({ agent }) => agent.sentinel.command ?? []);

let programs: string;
beforeEach(() => {
  programs = mkdtempSync(join(tmpdir(), 'distribution-'));
});
afterEach(() => {
  rmSync(programs, { recursive: true });
});

/** What the agent reports, where these programs print and end so. */
async function reported(command: string, host: Record<string, [code: number, says: string]>) {
  for (const [name, [code, says]] of Object.entries(host)) {
    writeFileSync(join(programs, name), `#!/bin/sh\necho '${says}'\nexit ${code}\n`);
    chmodSync(join(programs, name), 0o755);
  }
  const read = readConfig([`--reboot-sentinel-command=${command}`], {
    LOCKKEEPER_NODE_ID: 'n1',
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
  });
  if (!read.ok) throw new Error(read.problems.join());
  const enter = ['/usr/bin/env', `PATH=${programs}:/usr/bin:/bin`];
  const agent = createHost(read.config.host, { enter, signalProcess1: () => undefined });
  return (await agent.checkSentinel()).wants;
}

/** As dnf 4, dnf 5 and yum say it. */
const REQUIRED: [number, string] = [1, '  * systemd\n\nReboot is required to fully utilize these.'];
const NOT_REQUIRED: [number, string] = [0, 'Reboot should not be necessary.'];

describe.each([
  ['RHEL', rhel, {}],
  ['Amazon Linux 2023', amazon, { grubby: [0, '/boot/vmlinuz-6.12.1'], uname: [0, '6.12.1'] }],
] as const)('the command for %s', (_, command, around) => {
  const kernel = around as Record<string, [number, string]>;

  test.each<[string, [number, string]]>([
    ['required', REQUIRED],
    ['not-required', NOT_REQUIRED],
    ['unknown', [1, 'No such command: needs-restarting.']],
    ['unknown', [3, 'Reboot is required']],
  ])('says %s where needs-restarting ends with %j', async (wants, end) => {
    expect(await reported(command, { ...kernel, 'needs-restarting': end })).toBe(wants);
  });

  test('says unknown where there is no such program', async () => {
    expect(await reported(command, kernel)).toBe('unknown');
  });
});

describe('the command for Amazon Linux 2023', () => {
  test.each<[string, Record<string, [number, string]>]>([
    ['required', { grubby: [0, '/boot/vmlinuz-6.12.2'] }],
    ['unknown', { grubby: [1, ''] }],
    ['unknown', { grubby: [0, ''] }],
    ['unknown', {}],
  ])('says %s where the next kernel is %j', async (wants, grubby) => {
    const host: Record<string, [number, string]> = { uname: [0, '6.12.1'], ...grubby };
    expect(await reported(amazon, { ...host, 'needs-restarting': NOT_REQUIRED })).toBe(wants);
  });
});
