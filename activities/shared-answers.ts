/** Answers that many share: however many ask, one asks the server, and what it said is used for a while. */
export class SharedAnswers<T> {
  private readonly nowMs: () => number;
  private readonly answers = new Map<
    string,
    { readonly beganMs: number; readonly answer: Promise<T> }
  >();

  constructor(nowMs: () => number = Date.now) {
    this.nowMs = nowMs;
  }

  /** What was answered under this key, or will be, to a question asked at most `maxAgeMs` ago; else it is asked anew. */
  async at(key: string, maxAgeMs: number, ask: () => Promise<T>): Promise<T> {
    const beganMs = this.nowMs();
    const known = this.answers.get(key);
    if (known && beganMs - known.beganMs <= maxAgeMs) return await known.answer;
    this.forget(beganMs);
    const answer = ask();
    this.answers.set(key, { beganMs, answer });
    return await answer;
  }

  /** Drops answers to questions of policies that are in force no more. */
  private forget(nowMs: number): void {
    for (const [key, { beganMs }] of this.answers) {
      if (nowMs - beganMs > FORGET_AFTER_MS) this.answers.delete(key);
    }
  }
}

const FORGET_AFTER_MS = 60_000;
