import { admitNext } from './admit-next.ts';
import { awaitTurn, leaveQueue } from './await-turn.ts';
import { cordonNode } from './cordon.ts';
import type { Deps } from './deps.ts';
import { drainAsOrdered } from './drain/activity.ts';
import { excuseTroubles } from './excuse-troubles.ts';
import { passGates } from './gates/pass-gates.ts';
import { heartbeating } from './heartbeat.ts';
import { needPolicy } from './no-policy.ts';
import { deliver } from './notify/deliver.ts';
import * as notices from './notify/answers.ts';
import { orderReboot } from './order.ts';
import { planRollout } from './plan.ts';
import { remind } from './remind.ts';
import { restoreNode, undoNode } from './restore.ts';
import { awaitReturn } from './return.ts';
import { scanFleet } from './scan.ts';
import { tellPool } from './tell-pool.ts';
import { whileSilenced, type Silencing } from './silenced.ts';

/** What an activity needs around its own work. */
interface Row<Asked, Answer> {
  readonly run: (deps: Deps, asked: Asked) => Promise<Answer>;
  /** Without a policy in force it waits, as a failure of this kind that is tried again. */
  readonly policy?: 'gate-closed' | 'no-room';
  /** It tells nothing while it works, so the heartbeat is kept for it. */
  readonly heartbeat?: true;
  /** What people are to know of its answer. */
  readonly notify?: (asked: Asked, answer: Answer) => notices.ToNotify | undefined;
  /** What becomes of the silences of its node. */
  readonly silences?: Silencing;
}

const row = <Asked, Answer>(needs: Row<Asked, Answer>): Row<Asked, Answer> => needs;

/** Every activity. Their names stand in workflow history: renaming one breaks replay. */
const TABLE = {
  planRollout: row({ run: planRollout }),
  passGates: row({ run: passGates, policy: 'gate-closed' }),
  awaitTurn: row({ run: awaitTurn, policy: 'no-room' }),
  leaveQueue: row({ run: leaveQueue, heartbeat: true }),
  cordonNode: row({
    run: cordonNode,
    policy: 'gate-closed',
    heartbeat: true,
    notify: notices.ofCordon,
    silences: 'begin',
  }),
  drainNode: row({ run: drainAsOrdered, policy: 'gate-closed', silences: 'keep' }),
  orderReboot: row({ run: orderReboot, heartbeat: true, notify: notices.ofOrder }),
  awaitReturn: row({ run: awaitReturn, notify: notices.ofReturn, silences: 'keep' }),
  restoreNode: row({
    run: restoreNode,
    heartbeat: true,
    notify: notices.ofRestore,
    silences: 'end',
  }),
  undoNode: row({ run: undoNode, heartbeat: true, notify: notices.ofUndo, silences: 'end' }),
  remind: row({ run: remind, heartbeat: true }),
  admitNext: row({ run: admitNext, policy: 'no-room', notify: notices.ofAdmission }),
  excuseTroubles: row({ run: excuseTroubles, policy: 'no-room', heartbeat: true }),
  tellPool: row({ run: tellPool, heartbeat: true, notify: notices.ofWindow }),
  scanFleet: row({ run: scanFleet }),
  deliver: row({ run: deliver }),
};

type Table = typeof TABLE;
type AskedOf<N extends keyof Table> = Parameters<Table[N]['run']>[1];
type AnswerOf<N extends keyof Table> = Awaited<ReturnType<Table[N]['run']>>;

export type Activities = {
  readonly [N in keyof Table]: (asked: AskedOf<N>) => Promise<AnswerOf<N>>;
};

/** Every activity with what it needs, acting through what it is given. */
export function createActivities(deps: Deps): Activities {
  const rows = Object.entries(TABLE as unknown as Readonly<Record<string, Row<unknown, unknown>>>);
  const activities = rows.map(([name, needs]) => [
    name,
    (asked: unknown) => applied(needs, deps, asked),
  ]);
  return Object.fromEntries(activities) as Activities;
}

async function applied<Asked, Answer>(
  { run, policy, heartbeat, notify, silences }: Row<Asked, Answer>,
  deps: Deps,
  asked: Asked,
): Promise<Answer> {
  if (policy) needPolicy(deps, policy);
  const work = async (): Promise<Answer> => {
    const answer = await whileSilenced(deps, { silences, asked }, () => run(deps, asked));
    const notice = notify?.(asked, answer);
    if (notice) await notices.notify(deps, notice);
    return answer;
  };
  return heartbeat ? await heartbeating(work) : await work();
}
