import { setTimeout as pause } from 'node:timers/promises';

/** Whatever can be asked by a query. */
export interface Asked {
  query<T>(name: string): Promise<T>;
}

const LATE = Symbol('no answer');

/** A query that comes just as its workflow goes on may never be answered: then it is asked again. */
export async function answerTo<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    const late = new Promise<typeof LATE>((resolve) =>
      setTimeout(() => resolve(LATE), 3_000).unref(),
    );
    const answer = await Promise.race([ask(), late]);
    if (answer !== LATE) return answer;
  }
}

export const statusIn = <T>(workflow: Asked): Promise<T> =>
  answerTo(() => workflow.query<T>('status'));

/** Asks until it holds, at most a minute; the last answer is in the error. */
export async function until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  for (const endMs = Date.now() + 60_000; ; await pause(100)) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() > endMs) {
      throw new Error(`it never came to that; the last answer was ${JSON.stringify(answer)}`);
    }
  }
}
