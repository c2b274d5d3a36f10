/** One request as the proxy has read it. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown;
}

export type Matcher = (request: SeenRequest) => boolean;

/**
 * Where a request is held: `request`, before it has reached the server; `answer`, when the server has done what was asked
 * (only a 2xx answer is held) and nobody has been told.
 */
export type HoldPoint = 'request' | 'answer';

/** One moment in the traffic at which everything that matches stands still, until it is ended in one way or the other. */
export interface Hold {
  /** Resolves with the first request that is held. */
  readonly reached: Promise<SeenRequest>;
  /** How many stand still now. */
  readonly held: number;
  /** Lets go what is held, in the order it came, and holds no more. A request goes on even when its sender is gone. */
  release(): void;
  /** Ends the connections of what is held, as if it had been lost on the way, and holds no more. */
  drop(): void;
}

type Verdict = 'go-on' | 'lost';

/** The holds in force at one proxy. */
export class Holds {
  readonly #rules = new Set<Rule>();

  add(at: HoldPoint, matches: Matcher): Hold {
    const rule: Rule = { at, matches, waiting: [], reached: Promise.withResolvers() };
    this.#rules.add(rule);
    const end = (verdict: Verdict): void => {
      this.#rules.delete(rule);
      for (const tell of rule.waiting.splice(0)) tell(verdict);
    };
    return {
      reached: rule.reached.promise,
      get held() {
        return rule.waiting.length;
      },
      release: () => end('go-on'),
      drop: () => end('lost'),
    };
  }

  /** Whether an answer to this request might be held, so that it has to be read whole. */
  wantsAnswer(request: SeenRequest): boolean {
    return this.#find('answer', request) !== undefined;
  }

  /** Resolves at once when nothing holds the request here, else when the hold is ended. */
  async pass(at: HoldPoint, request: SeenRequest): Promise<Verdict> {
    const rule = this.#find(at, request);
    if (!rule) return 'go-on';
    rule.reached.resolve(request);
    return new Promise((resolve) => rule.waiting.push(resolve));
  }

  /** Everything held goes on; for the end of the proxy. */
  end(): void {
    for (const { waiting } of this.#rules) for (const tell of waiting) tell('lost');
    this.#rules.clear();
  }

  #find(at: HoldPoint, request: SeenRequest): Rule | undefined {
    return [...this.#rules].find((rule) => rule.at === at && rule.matches(request));
  }
}

interface Rule {
  readonly at: HoldPoint;
  readonly matches: Matcher;
  readonly waiting: ((verdict: Verdict) => void)[];
  readonly reached: PromiseWithResolvers<SeenRequest>;
}
