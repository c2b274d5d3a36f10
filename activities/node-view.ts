import type { NodeFacts } from '../domain/node-facts.ts';
import { autoResetEvent } from './auto-reset-event.ts';
import type { NodeApi } from './kube/nodes.ts';
import { isReplaced } from './ownership.ts';

/** The latest sight of one node, kept up to date by a watch, for a loop that also has to look at the clock. */
export class NodeView {
  private latest: NodeFacts | null | undefined;
  private readonly changed = autoResetEvent();
  private readonly ended = new AbortController();

  /** Another node of the same name, with another UID, is not seen: its own was deleted. */
  constructor(nodes: NodeApi, name: string, nodeUid?: string) {
    const see = (node: NodeFacts | undefined): void => {
      this.latest = node && !isReplaced(node, nodeUid) ? node : null;
      this.changed.set();
    };
    // It never rejects; closing the view ends it, which takes a moment that nobody has to wait for.
    void nodes.follow(name, see, this.ended.signal);
  }

  /**
   * Waits for the next change, at most `withinMs`. The node, null when it was deleted, undefined when nothing could be
   * seen of it yet.
   */
  async next(withinMs: number): Promise<NodeFacts | null | undefined> {
    await this.changed.wait(withinMs, this.ended.signal);
    return this.latest;
  }

  close(): void {
    this.ended.abort();
  }
}
