import type { NodeFacts } from './node-facts.ts';
import { whyLost, type RebootTimes } from './return.ts';
import { shortList } from './short-list.ts';

/** A node that did not come out of its rollout as it should, or is not back in time. */
export interface Trouble {
  readonly node: string;
  readonly because: string;
  readonly sinceMs: number;
}

interface Judged {
  /** Of the pool. */
  readonly reboot: RebootTimes;
  readonly nowMs: number;
}

/** The troubles that halt a pool, read from its nodes alone; those that a person has excused are left out. */
export function troublesOf(nodes: readonly NodeFacts[], judged: Judged): Trouble[] {
  return nodes.flatMap((node) => {
    const trouble = troubleOf(node, judged);
    return trouble && !isExcused(node, trouble, judged.nowMs) ? [trouble] : [];
  });
}

/** What a node shows of the trouble that its latest rollout had with it; undefined when it is well. */
export function troubleOf(node: NodeFacts, judged: Judged): Trouble | undefined {
  if (isWell(node)) return undefined;
  return lost(node, judged) ?? quarantined(node) ?? failed(node);
}

/** An excuse dated after now was not written to end a halt of now, so it does not count. */
function isExcused({ excusedAtMs }: NodeFacts, { sinceMs }: Trouble, nowMs: number): boolean {
  return excusedAtMs !== undefined && excusedAtMs <= nowMs && sinceMs <= excusedAtMs;
}

/** As a node should be after its rollout: in service, and wanting no further reboot. */
function isWell({ ready, rollout, quarantine, report }: NodeFacts): boolean {
  return ready && !rollout && !quarantine && report?.wants !== 'required';
}

function lost(node: NodeFacts, judged: Judged): Trouble | undefined {
  if (!node.rollout?.ok) return undefined;
  const found = whyLost(node, node.rollout.value, judged);
  return (
    found && { node: node.name, because: `it is lost: ${found.because}`, sinceMs: found.sinceMs }
  );
}

function quarantined({ name, quarantine, bootId }: NodeFacts): Trouble | undefined {
  if (!quarantine?.ok || quarantine.value.bootId !== bootId) return undefined;
  return { node: name, because: quarantine.value.because, sinceMs: quarantine.value.atMs };
}

function failed({ name, attempts }: NodeFacts): Trouble | undefined {
  if (!attempts?.trouble) return undefined;
  return { node: name, because: attempts.trouble.because, sinceMs: attempts.trouble.atMs };
}

export function sayHalted(troubles: readonly Trouble[]): string {
  const words = troubles.map(({ node, because }) => `${node}: ${because}`);
  return `the pool is halted until it is resumed or the node is back: ${shortList(words)}`;
}
