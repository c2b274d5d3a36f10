import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startGuard, type Guard } from '../../lab/cluster/guard.ts';
import { call } from '../../lab/cluster/http.ts';
import { freePorts } from '../../lab/cluster/ports.ts';
import { manageProcess, type ManagedProcess } from '../../lab/cluster/process.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';
import { until } from '../ask.ts';

const { signal } = new AbortController();
/** Past Jest, which would add a stack to each line. */
const log = (line: string): void => void process.stderr.write(`[monitoring] ${line}\n`);

/** A rule as in https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/. */
export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PrometheusOptions {
  readonly rules: readonly Rule[];
  /** Its web.config.yml: TLS, users. */
  readonly web?: object;
  readonly alertmanager?: string;
  /** Whose metrics it reads every second: host and port. */
  readonly scrapes?: readonly string[];
}

/** A real server on 127.0.0.1; freeze it and it hangs, kill it and it is away. */
export interface Server {
  readonly url: string;
  readonly process: ManagedProcess;
}

export interface RealPrometheus extends Server {
  /** Resolves once each has been evaluated. */
  setRules(rules: readonly Rule[]): Promise<void>;
}

/** Real Prometheis and Alertmanagers for one test file. */
export class Monitoring {
  readonly dir: string;
  private readonly guard: Guard = startGuard();
  private readonly processes: ManagedProcess[] = [];

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async open(): Promise<Monitoring> {
    return new Monitoring(await mkdtemp(join(tmpdir(), 'lockkeeper-monitoring-')));
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.kill()));
    this.guard.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Resolves when it serves; `url` is http unless `web` has TLS. */
  async prometheus(name: string, options: PrometheusOptions): Promise<RealPrometheus> {
    const command = await ensureTool('prometheus', { log, signal });
    const [port = 0] = await freePorts(1);
    const dir = join(this.dir, name);
    await mkdir(dir);
    await writeFile(join(dir, 'prometheus.yml'), stringify(configOf(options)));
    await writeFile(join(dir, 'web.yml'), stringify(options.web ?? {}));
    await writeFile(join(dir, 'rules.yml'), rulesText(options.rules));
    const args = [
      `--config.file=${dir}/prometheus.yml`,
      `--web.config.file=${dir}/web.yml`,
      `--storage.tsdb.path=${dir}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-lifecycle',
      // An alert that waits must not remember an earlier test.
      '--rules.alert.for-grace-period=0s',
      // The first may be sent before it has found its Alertmanager.
      '--rules.alert.resend-delay=3s',
    ];
    const secure = options.web !== undefined;
    const process = await this.start({ name, command, args, port, secure });
    const url = `${secure && 'tls_server_config' in options.web ? 'https' : 'http'}://127.0.0.1:${port}`;
    return {
      url,
      process,
      async setRules(rules) {
        await writeFile(join(dir, 'rules.yml'), rulesText(rules));
        const { status, text } = await call(`${url}/-/reload`, { method: 'POST', signal });
        if (status !== 200) throw new Error(`Prometheus did not reload: ${status} ${text}`);
        await until(
          async () => (await call(`${url}/api/v1/rules`, { signal })).text,
          (rulesNow) => evaluated(rulesNow) === rules.length,
        );
      },
    };
  }

  async alertmanager(name: string): Promise<Server> {
    const command = await ensureTool('alertmanager', { log, signal });
    const [port = 0] = await freePorts(1);
    const dir = join(this.dir, name);
    await mkdir(dir);
    const config = { route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] };
    await writeFile(join(dir, 'alertmanager.yml'), stringify(config));
    const args = [
      `--config.file=${dir}/alertmanager.yml`,
      `--storage.path=${dir}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ];
    const process = await this.start({ name, command, args, port, secure: false });
    return { url: `http://127.0.0.1:${port}`, process };
  }

  private async start(of: {
    name: string;
    command: string;
    args: readonly string[];
    port: number;
    /** It lets nobody in whom it does not know: it is ready when it says that. */
    secure: boolean;
  }): Promise<ManagedProcess> {
    const { name, command, args, port, secure } = of;
    const process = manageProcess(
      {
        name,
        command,
        args,
        logPath: join(this.dir, `${name}.log`),
        async isReady(until) {
          const ready = `http://127.0.0.1:${port}/-/ready`;
          const { status } = await call(ready, { signal: until });
          return status === 200 || (secure && status >= 400 && status < 500);
        },
      },
      { guard: this.guard, onDeath: log },
    );
    this.processes.push(process);
    await process.start(signal);
    return process;
  }
}

function configOf({ alertmanager, scrapes = [] }: PrometheusOptions): object {
  return {
    global: { evaluation_interval: '200ms', external_labels: { cluster: 'lab' } },
    rule_files: ['rules.yml'],
    scrape_configs: [
      { job_name: 'scraped', scrape_interval: '1s', static_configs: [{ targets: scrapes }] },
    ],
    ...(alertmanager && {
      alerting: {
        alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }],
      },
    }),
  };
}

/** How many rules have been evaluated since they were loaded. */
function evaluated(rulesNow: string): number {
  const { data } = JSON.parse(rulesNow) as {
    data: { groups: { rules: { health: string }[] }[] };
  };
  return data.groups.flatMap(({ rules }) => rules).filter(({ health }) => health === 'ok').length;
}

const rulesText = (rules: readonly Rule[]): string =>
  stringify({ groups: [{ name: 'test', rules }] });
