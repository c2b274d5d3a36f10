import { pause } from '../auto-reset-event.ts';
import { askGuard, trying } from './observe.ts';
import { podsStaying, type Drain } from './state.ts';

const LOOK_EVERY_MS = 3_000;

/**
 * Waits until the volumes of the pods that left are detached, so that they can be attached elsewhere while this node is away.
 * False when they are not by `untilMs`.
 */
export async function detached(
  drain: Drain,
  { untilMs, report }: { untilMs: number; report: () => void },
): Promise<boolean> {
  const { ports, input, signal } = drain;
  for (;;) {
    const names = await trying(drain, async () => {
      await askGuard(drain);
      return ports.pods.volumesLeft(input.node, podsStaying(drain), signal);
    });
    if (names) noteVolumes(drain, names);
    report();
    if (names?.length === 0) return true;
    if (ports.nowMs() >= untilMs) return false;
    await pause(Math.min(LOOK_EVERY_MS, untilMs - ports.nowMs()), signal);
  }
}

function noteVolumes(drain: Drain, names: readonly string[]): void {
  const nowMs = drain.ports.nowMs();
  const known = new Map(drain.volumes.map((volume) => [volume.what, volume.sinceMs]));
  drain.volumes = names.map((name) => {
    const what = `volume ${name}`;
    return { what, because: 'still attached to the node', sinceMs: known.get(what) ?? nowMs };
  });
}
