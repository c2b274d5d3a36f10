import type { NodeFacts } from '../domain/node-facts.ts';
import type { NodeApi } from './kube/nodes.ts';

/** The latest sight of one node, kept up to date by a watch, for a loop that also has to look at the clock. */
export class NodeView {
  private latest: NodeFacts | null | undefined;
  private fresh = false;
  private ring: (() => void) | undefined;
  private readonly ended = new AbortController();
  private readonly following: Promise<void>;

  constructor(nodes: NodeApi, name: string) {
    this.following = nodes.follow(name, (node) => this.see(node), this.ended.signal);
  }

  /**
   * Waits for the next change, at most `withinMs`. The node, null when it was deleted, undefined when nothing could be
   * seen of it yet.
   */
  async look(withinMs: number): Promise<NodeFacts | null | undefined> {
    if (!this.fresh) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.fresh = false;
    this.ring = undefined;
    return this.latest;
  }

  close(): void {
    this.ended.abort();
    // follow() never rejects; it just takes a moment to end its stream.
    void this.following;
  }

  private see(node: NodeFacts | undefined): void {
    this.latest = node ?? null;
    this.fresh = true;
    this.ring?.();
  }
}
