import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { CHART, helm } from '../../deploy/helm.ts';
import { startGuard } from '../../lab/cluster/guard.ts';
import { answers } from '../../lab/cluster/http.ts';
import { freePorts } from '../../lab/cluster/ports.ts';
import { manageProcess } from '../../lab/cluster/process.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';

const { signal } = new AbortController();
const log = (line: string): void => void process.stderr.write(`[registry] ${line}\n`);

/** A registry on this machine with the chart in it, packed and pushed as a release does. */
export interface ChartRegistry {
  /** What Helm takes in place of a directory. */
  readonly chart: string;
  /** `helm pull`, and what is the same in the packed chart as it was pushed: the hash of both. */
  hashes(): Promise<{ readonly pushed: string; readonly pulled: string }>;
  close(): Promise<void>;
}

export async function pushChart(dir: string): Promise<ChartRegistry> {
  const [program, command] = await Promise.all([
    ensureTool('helm', { log, signal }),
    ensureTool('registry', { log, signal }),
  ]);
  const [port = 0] = await freePorts(1);
  const here = join(dir, 'registry');
  await mkdir(here, { recursive: true });
  const config = join(here, 'config.yaml');
  await writeFile(
    config,
    stringify({
      version: '0.1',
      storage: { filesystem: { rootdirectory: join(here, 'data') } },
      http: { addr: `127.0.0.1:${port}` },
    }),
  );
  const guard = startGuard();
  const server = manageProcess(
    {
      name: 'registry',
      command,
      args: ['serve', config],
      logPath: join(here, 'log'),
      isReady: answers(`http://127.0.0.1:${port}/v2/`),
    },
    { guard, onDeath: log },
  );
  await server.start(signal);
  const env = { PATH: process.env['PATH'], HOME: here };
  const [, packed = ''] =
    /(\S+\.tgz)/.exec(await helm(program, ['package', CHART, '--destination', here], { env })) ??
    [];
  const charts = `oci://127.0.0.1:${port}/charts`;
  await helm(program, ['push', packed, charts, '--plain-http'], { env });
  return {
    chart: `${charts}/lockkeeper`,
    async hashes() {
      const to = join(here, 'pulled');
      const words = ['pull', `${charts}/lockkeeper`, '--plain-http', '--destination', to];
      await mkdir(to);
      await helm(program, words, { env });
      return { pushed: await hashOf(packed), pulled: await hashOf(join(to, basename(packed))) };
    },
    async close() {
      await server.stop();
      guard.close();
    },
  };
}

const hashOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
