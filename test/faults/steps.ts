import { setTimeout as pause } from 'node:timers/promises';
import { ANNOTATION } from '../../domain/node-contract.ts';
import type { HoldPoint, Matcher } from '../../lab/proxy/holds.ts';
import { closedGatesOf } from '../labs/rollout-scene.ts';
import { eventually, type MatrixScene, type Place } from './scene.ts';

/** The ten steps of a rollout, as docs/architecture.md tells them. */
export const STEPS = [
  '1 gates',
  '2 lock',
  '3 check again',
  '4 cordon',
  '5 drain',
  '6 order',
  '7 answer',
  '8 return',
  '9 restore',
  '10 release',
] as const;
export type StepName = (typeof STEPS)[number];

/** Steps that pass in a moment: their request, or its answer, is held on the wire between worker and API server. */
export const ON_THE_WIRE: ReadonlySet<StepName> = new Set<StepName>([
  '3 check again',
  '4 cordon',
  '6 order',
  '9 restore',
  '10 release',
]);

/** Those that change the node: it matters whether the change has been made when the fault strikes. */
export const WRITES: ReadonlySet<StepName> = new Set<StepName>([
  '4 cordon',
  '6 order',
  '9 restore',
]);

/** A rollout that is made to stand at one step. */
export interface Held {
  /** What has to be done once the node has asked for its reboot. */
  asked?(): void;
  /** Resolves when it stands there. */
  reached(): Promise<unknown>;
  /** Loses what stands on the wire; nothing for a step that is held otherwise. */
  lose(): void;
  /** Takes away what holds it; a request on the wire arrives now. May be called more than once. */
  letGo(): Promise<void>;
}

export interface HoldOptions {
  readonly scene: MatrixScene;
  readonly place: Place;
  /** For steps on the wire. */
  readonly at: HoldPoint;
}

/** Prepares that the next rollout of this place stops at the step. */
export function holdAt(step: StepName, options: HoldOptions): Promise<Held> {
  return HOW[step](options);
}

const HOW: Readonly<Record<StepName, (options: HoldOptions) => Promise<Held>>> = {
  '1 gates': byHoldAnnotation,
  '2 lock': byForeignCordon,
  '3 check again': byItsReadAfterTheGrant,
  '4 cordon': onTheWire(
    ({ method, body }, onNode) => method === 'PATCH' && onNode && cordons(body),
  ),
  '5 drain': byDisruptionBudget,
  '6 order': onTheWire(({ method, body }, onNode) => method === 'PATCH' && onNode && orders(body)),
  '7 answer': byFrozenAgent,
  '8 return': byMachineThatStaysDown,
  '9 restore': onTheWire(
    ({ method, body }, onNode) => method === 'PATCH' && onNode && restores(body),
  ),
  '10 release': onTheWire(
    ({ method, body }, _onNode, node) => method === 'POST' && tells(body, node),
  ),
};

const once = (act: () => Promise<unknown>): (() => Promise<void>) => {
  let done: Promise<unknown> | undefined;
  return async () => {
    done ??= act();
    await done;
  };
};

const nothing = (): void => undefined;

async function byHoldAnnotation({ scene, place: { node } }: HoldOptions): Promise<Held> {
  const annotate = (hold: string | null) =>
    scene.patchNode(node, { metadata: { annotations: { [ANNOTATION.hold]: hold } } });
  await annotate('a fault is prepared');
  return {
    reached: () =>
      eventually(
        () => scene.rolloutStatus(node),
        (status) => closedGatesOf(status).some(({ gate }) => gate === 'hold'),
      ),
    lose: nothing,
    letGo: once(() => annotate(null)),
  };
}

/** A person has taken the other node of the pool out, which uses the budget. */
async function byForeignCordon({ scene, place }: HoldOptions): Promise<Held> {
  const { pool, node, partner = '' } = place;
  const cordon = (unschedulable: true | null) =>
    scene.patchNode(partner, { spec: { unschedulable } });
  await cordon(true);
  return {
    reached: () =>
      eventually(
        () => scene.lockStatus(pool),
        (status) =>
          status?.queue.some((waiter) => waiter.node === node) === true &&
          status.because?.includes(partner) === true,
      ),
    lose: nothing,
    letGo: once(() => cordon(null)),
  };
}

/** Held at the lock first, so that the read after the grant is told from those before. */
async function byItsReadAfterTheGrant(options: HoldOptions): Promise<Held> {
  const { scene, place, at } = options;
  const atLock = await byForeignCordon(options);
  const path = `/api/v1/nodes/${place.node}`;
  let hold: ReturnType<MatrixScene['api']['hold']> | undefined;
  return {
    async reached() {
      await atLock.reached();
      hold = scene.api.hold(at, (seen) => seen.method === 'GET' && seen.path === path);
      await atLock.letGo();
      await within(hold.reached, `GET ${path}`);
      await eventually(
        () => scene.rolloutStatus(place.node),
        ({ permit }) => permit !== undefined,
      );
    },
    lose: () => hold?.drop(),
    async letGo() {
      await atLock.letGo();
      hold?.release();
    },
  };
}

async function byDisruptionBudget({ scene, place: { node } }: HoldOptions): Promise<Held> {
  await scene.apps.forbidEvictions(node);
  return {
    async reached() {
      await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
      await eventually(
        () => scene.rollout(node).describe(),
        ({ raw }) =>
          raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'drainNode') ===
          true,
      );
    },
    lose: nothing,
    letGo: once(() => scene.apps.allowEvictions(node)),
  };
}

/** The order stands on the node, and nobody answers it. */
async function byFrozenAgent({ scene, place: { node } }: HoldOptions): Promise<Held> {
  const agent = scene.lab.fleet.agent(node);
  return {
    asked: () => agent.freeze(),
    reached: () =>
      scene.lab.fleet.evidence.until(node, 'ordered', ({ order }) => order !== undefined),
    lose: nothing,
    letGo: async () => agent.thaw(),
  };
}

const SHORTEST_DOWN_MS = 1_000;

async function byMachineThatStaysDown({ scene, place: { node } }: HoldOptions): Promise<Held> {
  const machine = scene.lab.fleet.machine(node);
  machine.setFault({ kind: 'never-returns' });
  return {
    async reached() {
      await scene.lab.fleet.evidence.until(node, 'down', ({ ready }) => !ready);
      // A kubelet's word counts in whole seconds: back in the second of its order, a node seems not to have been heard since.
      await pause(SHORTEST_DOWN_MS);
    },
    lose: nothing,
    async letGo() {
      machine.setFault({ kind: 'none' });
      machine.powerOn();
    },
  };
}

/** `onNode` says whether the request is for the node itself. */
type WireRule = (request: Parameters<Matcher>[0], onNode: boolean, node: string) => boolean;

function onTheWire(rule: WireRule): (options: HoldOptions) => Promise<Held> {
  return async ({ scene, place: { node }, at }) => {
    const path = `/api/v1/nodes/${node}`;
    const hold = scene.api.hold(at, (request) => {
      const [asked] = request.path.split('?');
      return rule(request, asked === path, node);
    });
    return {
      reached: () => within(hold.reached, 'the request it is held by'),
      lose: () => hold.drop(),
      letGo: async () => hold.release(),
    };
  };
}

interface NodePatch {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string | null>> };
  readonly spec?: { readonly unschedulable?: boolean | null };
}

function cordons(body: unknown): boolean {
  return (body as NodePatch).spec?.unschedulable === true;
}

function orders(body: unknown): boolean {
  return typeof (body as NodePatch).metadata?.annotations?.[ANNOTATION.order] === 'string';
}

function restores(body: unknown): boolean {
  return (body as NodePatch).metadata?.annotations?.[ANNOTATION.rollout] === null;
}

/** The Event that tells of the return: the node is in service again, and the permit has not been given back. */
function tells(body: unknown, node: string): boolean {
  const event = body as { reason?: string; involvedObject?: { name?: string } } | undefined;
  return event?.reason === 'Returned' && event.involvedObject?.name === node;
}

const REACHED_WITHIN_MS = 120_000;

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} was not seen within ${REACHED_WITHIN_MS / 1_000} s`)),
      REACHED_WITHIN_MS,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
