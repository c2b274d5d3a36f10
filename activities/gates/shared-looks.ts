/** Looks that many share: however many ask, one asks the server, and what it said is used for a while. */
export class SharedLooks<T> {
  private readonly nowMs: () => number;
  private readonly looks = new Map<
    string,
    { readonly beganMs: number; readonly look: Promise<T> }
  >();

  constructor(nowMs: () => number = Date.now) {
    this.nowMs = nowMs;
  }

  /** What the last look under this key has found, or will find, that began at most `maxAgeMs` ago; else a new one. */
  async at(key: string, maxAgeMs: number, look: () => Promise<T>): Promise<T> {
    const beganMs = this.nowMs();
    const known = this.looks.get(key);
    if (known && beganMs - known.beganMs <= maxAgeMs) return await known.look;
    this.forget(beganMs);
    const begun = look();
    this.looks.set(key, { beganMs, look: begun });
    return await begun;
  }

  /** Of policies that are in force no more. */
  private forget(nowMs: number): void {
    for (const [key, { beganMs }] of this.looks) {
      if (nowMs - beganMs > FORGET_AFTER_MS) this.looks.delete(key);
    }
  }
}

const FORGET_AFTER_MS = 60_000;
