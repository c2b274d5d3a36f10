import { beating } from './beating.ts';
import { cordonNode } from './cordon.ts';
import type { Deps } from './deps.ts';
import { drainAsOrdered, type DrainRequest } from './drain/activity.ts';
import { passGates } from './gates/pass-gates.ts';
import { findHolders, requestPermit } from './lock.ts';
import { deliver } from './notify/deliver.ts';
import { markWaiting, unmarkWaiting } from './marks.ts';
import * as notify from './notify/told.ts';
import { orderReboot } from './order.ts';
import { planRollout } from './plan.ts';
import { byPolicy } from './no-policy.ts';
import { remind } from './remind.ts';
import { restoreNode, undoNode } from './restore.ts';
import { awaitReturn } from './return.ts';
import { scanFleet } from './scan.ts';
import { silencedFromCordon, silencedMeanwhile, silencedNoMore } from './silenced.ts';
import { watchPool } from './watch-pool.ts';

type Asked<F extends (deps: Deps, asked: never) => unknown> = Parameters<F>[1];

/** Every activity, acting through what it is given. Their names stand in workflow history: renaming one breaks replay. */
export function createActivities(deps: Deps) {
  return {
    planRollout: (input: unknown) => planRollout(deps, input),
    passGates: (asked: Asked<typeof passGates>) =>
      byPolicy(deps, 'gate-closed', () => passGates(deps, asked)),
    requestPermit: (asked: Asked<typeof requestPermit>) => requestPermit(deps, asked),
    findHolders: (asked: Asked<typeof findHolders>) =>
      byPolicy(deps, 'no-room', () => findHolders(deps, asked)),
    watchPool: (asked: Asked<typeof watchPool>) =>
      byPolicy(deps, 'no-room', () => notify.toldOfPool(deps, asked, watchPool(deps, asked))),
    cordonNode: (asked: Asked<typeof cordonNode>) =>
      byPolicy(deps, 'gate-closed', () =>
        beating(() =>
          notify.told(deps, silencedFromCordon(deps, asked, cordonNode), notify.afterCordon(asked)),
        ),
      ),
    drainNode: (asked: DrainRequest) =>
      byPolicy(deps, 'gate-closed', () => silencedMeanwhile(deps, asked, drainAsOrdered)),
    orderReboot: (asked: Asked<typeof orderReboot>) =>
      beating(() => notify.told(deps, orderReboot(deps, asked), notify.afterOrder(asked))),
    awaitReturn: (asked: Asked<typeof awaitReturn>) =>
      notify.told(deps, silencedMeanwhile(deps, asked, awaitReturn), notify.afterReturn(asked)),
    undoNode: (asked: Asked<typeof undoNode>) =>
      beating(() =>
        notify.told(deps, silencedNoMore(deps, asked, undoNode), notify.afterUndo(asked)),
      ),
    restoreNode: (asked: Asked<typeof restoreNode>) =>
      beating(() =>
        notify.told(deps, silencedNoMore(deps, asked, restoreNode), notify.afterRestore(asked)),
      ),
    remind: (asked: Asked<typeof remind>) => beating(() => remind(deps, asked)),
    markWaiting: (asked: Asked<typeof markWaiting>) => beating(() => markWaiting(deps, asked)),
    unmarkWaiting: (asked: Asked<typeof unmarkWaiting>) =>
      beating(() => unmarkWaiting(deps, asked)),
    scanFleet: (asked: Asked<typeof scanFleet>) => scanFleet(deps, asked),
    deliver: (asked: Asked<typeof deliver>) => deliver(deps, asked),
  };
}

export type Activities = ReturnType<typeof createActivities>;
