import { log, setCurrentDetails, setHandler } from '@temporalio/workflow';
import {
  addTrouble,
  enqueue,
  holderOf,
  lineOf,
  release as giveBack,
  stamped,
  type Holder,
  type LockState,
  type PermitRequest,
} from '../domain/lock-state.ts';
import { sayPause } from '../domain/status-text.ts';
import type { LockStatus, Pause } from '../domain/status.ts';
import { pauseOf, readWord, type SignalWord } from '../domain/word.ts';
import { readRelease, readRequest, readTrouble } from './lock-signals.ts';
import { tell, tellHead, tellOvertaken, tellPlace } from './lock-tells.ts';
import * as messages from './messages.ts';

/** One lock as its workflow knows it. */
export interface Lock {
  state: LockState;
  paused: Pause | undefined;
  /** Why it is nobody's turn. */
  because: string | undefined;
  /** Hash of the policy that the latest look for a turn followed. */
  policy: string | undefined;
  /** Counts what makes a fresh look worth while. */
  news: number;
  /** What each waiting run was told last, so that nobody is told the same twice. */
  readonly told: Map<string, string>;
  /** Runs that were first in turn when they asked, and were told nothing. */
  readonly untold: Map<string, PermitRequest>;
  readonly notUnderstood: string[];
  change(next: LockState): void;
  show(): void;
}

/** Registers every handler, before anything is awaited. */
export function openLock(state: LockState, paused: Pause | undefined): Lock {
  const lock: Lock = {
    state,
    paused,
    because: undefined,
    policy: undefined,
    news: 0,
    told: new Map(),
    untold: new Map(),
    notUnderstood: [],
    change(next) {
      lock.state = next;
      lock.news += 1;
      lock.show();
    },
    show: () => setCurrentDetails(describe(lock)),
  };
  listenToRollouts(lock);
  listenToPeople(lock);
  setHandler(messages.lockStatus, () => statusOf(lock), {
    description: 'Who has a permit, who waits, what went wrong, and why.',
  });
  setHandler(messages.holds, (workflowId, grantId) => holds(lock, workflowId, grantId), {
    description: 'Whether this rollout has this permit.',
  });
  lock.show();
  return lock;
}

function listenToRollouts(lock: Lock): void {
  const heard = <T>(signal: string, read: T | undefined): T | undefined => {
    if (read === undefined) lock.notUnderstood.push(`${signal}: it names no rollout and no node`);
    return read;
  };
  setHandler(
    messages.requestPermit,
    async (sent) => {
      const request = heard('requestPermit', readRequest(sent));
      if (request) await admit(lock, request);
    },
    { description: 'From a rollout: join the queue.' },
  );
  setHandler(
    messages.release,
    (sent) => {
      const given = heard('release', readRelease(sent));
      if (given) lock.change(giveBack(lock.state, given, Date.now()));
    },
    { description: 'From a rollout, or from a person: {"node": …} gives its permit back.' },
  );
  setHandler(
    messages.trouble,
    (sent) => {
      const trouble = heard('trouble', readTrouble(sent, Date.now()));
      if (!trouble) return;
      log.error('node is in trouble', { pool: lock.state.pool, ...trouble });
      lock.change(addTrouble(lock.state, trouble));
    },
    { description: 'From a rollout: its node is lost.' },
  );
}

async function admit(lock: Lock, { anew, ...request }: PermitRequest): Promise<void> {
  // What it was told before it has forgotten.
  if (anew) lock.told.delete(request.runId);
  const firstBefore = frontOf(lock.state);
  lock.state = enqueue(stamped(lock.state, Date.now()), request, Date.now());
  // Who joins at the end of a long queue changes nothing for those at its front.
  if (request.holding || frontOf(lock.state) !== firstBefore) lock.news += 1;
  lock.show();
  const holder = holderOf(lock.state, request.workflowId);
  // Whether it hears or not, it keeps its permit: its node may be in the middle of a reboot.
  if (holder) await tell(holder, messages.permitGranted, { grantId: holder.grantId });
  else await tellPlace(lock, request);
  await tellOvertaken(lock);
}

function frontOf({ queue, holders, troubles }: LockState): string {
  const troubled = troubles.map(({ node }) => node);
  const line = lineOf(queue, Date.now(), { troubled });
  const runs = [...line, ...holders].map(({ runId }) => runId);
  return runs.join(' ');
}

function listenToPeople(lock: Lock): void {
  const hear = (sent: unknown): SignalWord => {
    const word = readWord(sent, Date.now());
    if (word.notUnderstood !== undefined) lock.notUnderstood.push(word.notUnderstood);
    return word;
  };
  setHandler(
    messages.pause,
    async (sent) => {
      lock.paused = pauseOf(hear(sent));
      lock.change(lock.state);
      await tellHead(lock);
    },
    {
      description:
        'Grant nothing until resumed. Optional input: {"reason": …, "by": …, "for": "2h"}.',
    },
  );
  setHandler(
    messages.resume,
    (sent) => {
      hear(sent);
      lock.paused = undefined;
      lock.change({ ...lock.state, troubles: [] });
    },
    {
      description: 'Grant again after a pause, or after a halt for a node that failed or is lost.',
    },
  );
  setHandler(messages.recheck, () => lock.change(lock.state), { description: 'Look again now.' });
}

function holds({ state }: Lock, workflowId: string, grantId: string): boolean {
  const holder = holderOf(state, workflowId);
  return holder !== undefined && holder.grantId === grantId && holder.orphanedMs === undefined;
}

function statusOf({ state, because, paused, policy, notUnderstood }: Lock): LockStatus {
  return {
    pool: state.pool,
    holders: state.holders.map(({ node, grantId, sinceMs, orphanedMs }) => ({
      node,
      grantId,
      sinceMs,
      ...(orphanedMs === undefined ? {} : { orphanedMs }),
    })),
    queue: state.queue.map(({ node, sinceMs }) => ({ node, sinceMs })),
    troubles: state.troubles,
    ...(because === undefined ? {} : { because }),
    ...(paused ? { paused } : {}),
    ...(policy === undefined ? {} : { policy }),
    ...(state.lengths ? { lengths: state.lengths } : {}),
    notUnderstood,
  };
}

function describe(lock: Lock): string {
  const { troubles, queue, because, paused, notUnderstood } = statusOf(lock);
  return [
    `**permits**: ${lock.state.holders.map(sayHolder).join(', ') || 'nobody'}`,
    `**queue**: ${queue.map(({ node }) => node).join(', ') || 'nobody'}`,
    ...troubles.map((trouble) => `- trouble with ${trouble.node}: ${trouble.because}`),
    ...(because === undefined ? [] : [`- nobody's turn: ${because}`]),
    ...(paused ? [`- ${sayPause(paused)}`] : []),
    ...notUnderstood.map((text) => `- signal not understood: ${text}`),
  ].join('\n');
}

function sayHolder({ node, orphanedMs }: Holder): string {
  if (orphanedMs === undefined) return node;
  return `${node} (its rollout has ended; kept until the node is seen in service)`;
}
