import { answers, readAnswer, readOrder, type RebootAnswer } from '../../domain/node-contract.ts';
import type { NodeChange, NodeSight } from './contract.ts';
import { isOurs } from './sight.ts';

/** An answer judged in time may be this long on its way: as long as the agent waits for the API server. */
const ON_ITS_WAY_MS = 15_000;

interface Accepted {
  readonly rollout: string;
  /** The node was handed back meanwhile, the machine not having gone down in time. */
  handedBack?: boolean;
  /** Infinity when the order could not be read. */
  readonly expiresAtMs: number;
}

/** What one node may do, by what has been written on it. */
interface Licence {
  /** The acceptance of the boot that is running. */
  accepted?: Accepted;
  /** Boots that a test has announced. */
  expected: number;
}

/**
 * G4, for every node:
 * - the agent accepts only an order that stands on its node, for the boot that is running, before it expires;
 * - each boot has at most one accepted answer, or another one after the node was handed back, and only the agent accepts;
 * - the worker does not take away or replace an accepted order while its boot runs and it has not expired;
 * - the boot id changes only after an accepted order of the boot that ends, once per order and before the node is handed
 *   back, or when a test has announced it.
 *
 * Answers written by others (a test plays the agent, a person restores a backup) are no fault of Lockkeeper's, but whoever
 * obeys them may: they count as an acceptance.
 */
export class Fencing {
  readonly #licences = new Map<string, Licence>();

  expectReboot(name: string): void {
    this.#licence(name).expected += 1;
  }

  forget(name: string): void {
    this.#licences.delete(name);
  }

  judge(change: NodeChange): string[] {
    const { before, now } = change;
    const licence = this.#licence(now.name);
    const standing = acceptedIn(now);
    if (before === undefined) {
      if (standing?.bootId === now.bootId) licence.accepted = licenceOf(now, standing);
      return [];
    }
    const withdrawn = judgeWithdrawal(change, licence);
    const accepted = standing && isNew(before, standing) ? accept(change, standing, licence) : [];
    const booted = judgeBoot(change, licence);
    const handedBack = before.rollout !== undefined && now.rollout === undefined && isOurs(change);
    if (licence.accepted && handedBack) licence.accepted.handedBack = true;
    return [...withdrawn, ...accepted, ...booted];
  }

  #licence(name: string): Licence {
    const known = this.#licences.get(name) ?? { expected: 0 };
    this.#licences.set(name, known);
    return known;
  }
}

function acceptedIn({ answer }: NodeSight): RebootAnswer | undefined {
  const read = readAnswer(answer);
  return read?.ok && read.value.verdict === 'accepted' ? read.value : undefined;
}

/** The same acceptance may be written again with other words, as when the reboot cannot be started. */
function isNew(before: NodeSight, answer: RebootAnswer): boolean {
  const known = acceptedIn(before);
  return known === undefined || !answers(answer, known);
}

function licenceOf({ order }: NodeSight, { rollout }: RebootAnswer): Accepted {
  const read = readOrder(order);
  return { rollout, expiresAtMs: read?.ok ? read.value.expiresAtMs : Number.POSITIVE_INFINITY };
}

function accept(change: NodeChange, answer: RebootAnswer, licence: Licence): string[] {
  const { by, now } = change;
  const before = licence.accepted;
  licence.accepted = licenceOf(now, answer);
  if (by.role === 'other') return [];
  return [
    ...(by.role === 'worker' ? [`the worker itself accepted the order on ${now.name}`] : []),
    ...(before && before.handedBack !== true
      ? [
          `${now.name} accepted a second order in boot ${answer.bootId}: first of ${before.rollout}, ` +
            `now of ${answer.rollout}`,
        ]
      : []),
    ...judgeAnswer(change, answer),
  ];
}

function judgeAnswer({ before, now, atMs }: NodeChange, answer: RebootAnswer): string[] {
  const { name, bootId } = now;
  const said: string[] = [];
  // Where the machine has come up already, two revisions have been seen as one.
  const running = [before?.bootId, bootId].filter((id) => id !== undefined && id !== '');
  if (running.length > 0 && !running.includes(answer.bootId))
    said.push(
      `${name} accepted an order for boot ${answer.bootId} while boot ${bootId} is running`,
    );
  const order = readOrder(now.order);
  if (!order?.ok || !answers(answer, order.value))
    return [...said, `${name} accepted an order of ${answer.rollout} that does not stand on it`];
  const { expiresAtMs } = order.value;
  if (answer.atMs >= expiresAtMs || atMs >= expiresAtMs + ON_ITS_WAY_MS)
    said.push(
      `${name} accepted an order that had expired at ${new Date(expiresAtMs).toISOString()}: ` +
        `it says it accepted at ${new Date(answer.atMs).toISOString()}, and wrote it at ${new Date(atMs).toISOString()}`,
    );
  return said;
}

function judgeWithdrawal(change: NodeChange, { accepted }: Licence): string[] {
  const { before, now, atMs } = change;
  if (accepted === undefined || before?.order === now.order || !isOurs(change)) return [];
  if (before?.order === undefined || before.bootId !== now.bootId || atMs >= accepted.expiresAtMs) {
    return [];
  }
  const how = now.order === undefined ? 'withdrawn' : 'replaced';
  return [`the order of ${accepted.rollout} on ${now.name} was ${how} after it had been accepted`];
}

function judgeBoot({ before, now }: NodeChange, licence: Licence): string[] {
  const from = before?.bootId ?? '';
  if (from === '' || now.bootId === '' || from === now.bootId) return [];
  const { accepted } = licence;
  delete licence.accepted;
  if (accepted && !accepted.handedBack) return [];
  if (licence.expected > 0) {
    licence.expected -= 1;
    return [];
  }
  const why = accepted
    ? `by the order of ${accepted.rollout} after it had been handed back`
    : `without an accepted order of boot ${from}`;
  return [`${now.name} rebooted from boot ${from} into ${now.bootId} ${why}`];
}
