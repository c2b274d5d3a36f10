import { kubeClient } from '../../activities/kube/client.ts';
import { forecast } from '../../domain/forecast/forecast.ts';
import type { ForecastQuestion, NodeForecast } from '../../domain/forecast/known.ts';
import { lockId } from '../../domain/names.ts';
import { present } from '../../domain/present.ts';
import { readMoment } from '../../domain/window/local-time.ts';
import type { Plan } from '../../domain/window/plan.ts';
import { instantAt } from '../../domain/window/pool-windows.ts';
import { DAY_MS } from '../../domain/window/wall-clock.ts';
import { readKubeConfig, withTemporal, type AccessOptions } from '../access.ts';
import { CommandFailed, EXIT, wrongOption, type Terminal } from '../terminal.ts';
import { whatIsKnown } from './known.ts';
import { withPolicy } from './policy.ts';
import { printPlan, type Told, type ToldPool } from './print.ts';

export interface PlanOptions extends AccessOptions {
  readonly policy?: string;
  readonly configMap: string;
  readonly until?: string;
  readonly json?: true;
  readonly showCommands?: true;
}

/** Looks, reckons and prints; what is in the way is a CommandFailed. */
export async function runPlan(
  pool: string | undefined,
  options: PlanOptions,
  terminal: Terminal,
): Promise<void> {
  // Before anything is asked.
  const until = untilOf(options.until);
  if (options.showCommands) {
    terminal.out(commandsFor(pool, options));
    return;
  }
  const kube = kubeClient(readKubeConfig());
  const known = await withPolicy(options, kube, async (source) => {
    wantedPools(
      source.policy.pools.map(({ name }) => name),
      pool,
    );
    return await withTemporal(options, (client) =>
      whatIsKnown({ client, kube, source, nowMs: () => terminal.nowMs() }),
    );
  });
  const told = tell(known, { pool, until });
  terminal.out(
    options.json
      ? `${JSON.stringify(asJson(told), undefined, 2)}\n`
      : printPlan(told, terminal.width),
  );
  const isAll =
    told.inNoPool.length === 0 && told.pools.every(({ nodes }) => nodes.every(isInTime));
  // The table has said it.
  if (!isAll) throw new CommandFailed([], EXIT.notAll);
}

const isInTime = ({ inTime }: { inTime: boolean }): boolean => inTime;

function wantedPools(names: readonly string[], wanted: string | undefined): void {
  if (wanted === undefined || names.includes(wanted)) return;
  throw new CommandFailed(
    [`there is no pool named ${wanted}: write one of ${names.join(', ')}`],
    EXIT.usage,
  );
}

/** The moment on the clock of a pool. */
type Until = (plan: Plan) => number | undefined;

/** A day is meant to its end. */
function untilOf(text: string | undefined): Until {
  if (text === undefined) return () => undefined;
  const moment = readMoment(text);
  if (moment) return ({ clock }) => instantAt(moment, clock, DAY_MS);
  throw wrongOption(
    '--until',
    `write a day or time that exists, like 2027-03-02, 2027-03-02T06:00 or …T05:00Z, not "${text}"`,
  );
}

interface Asked {
  readonly pool: string | undefined;
  readonly until: Until;
}

/** All pools are reckoned with, for some go before others; told is of the one that was asked for. */
function tell(known: ForecastQuestion, { pool: wanted, until }: Asked): Told {
  const { pools, inNoPool } = forecast(known);
  return {
    atMs: known.nowMs,
    pools: pools.flatMap((pool, index): ToldPool[] => {
      const plan = known.plans[index];
      if (!plan || (wanted !== undefined && pool.pool !== wanted)) return [];
      const untilMs = until(plan);
      const nodes = pool.nodes.map((node) => ({ ...node, inTime: isIn(node, untilMs) }));
      return [{ ...pool, nodes, clock: plan.clock, ...present({ untilMs }) }];
    }),
    inNoPool: wanted === undefined ? inNoPool : [],
  };
}

const isIn = (node: NodeForecast, untilMs = Infinity): boolean =>
  node.kind !== 'not-foretold' && node.endsMs <= untilMs;

const asJson = ({ pools, ...told }: Told) => ({
  ...told,
  pools: pools.map(({ clock, pool, ...more }) => ({ pool, timeZone: clock.name, ...more })),
});

/** What the forecast is made of, for whoever wants to see it without us. */
function commandsFor(pool: string | undefined, { namespace, configMap }: PlanOptions): string {
  const lock = lockId(pool ?? 'POOL');
  const lines = [
    'kubectl get nodes -o yaml',
    `kubectl -n ${namespace} get configmap ${configMap} -o yaml`,
    'temporal schedule describe --schedule-id fleet-scan',
    `temporal workflow query --type status --workflow-id ${lock}`,
    `temporal workflow list --query 'WorkflowType="nodeRollout" AND ExecutionStatus="Running"'`,
    'temporal workflow query --type status --workflow-id node-rollout/NODE',
  ];
  return `${lines.join('\n')}\n`;
}
