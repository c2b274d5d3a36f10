import { expect } from '@jest/globals';
import { Story } from './story.fixture.ts';

/** One invented history per row, and every sentence it has to raise, in order; none: it is as it should be. */
export interface Row {
  readonly name: string;
  readonly tell: (story: Story) => unknown;
  readonly broken?: readonly (string | RegExp)[];
}

/** Tells what `begin` says, then the history of the row, then what `end` says, and expects the row's sentences. */
export const judging =
  (begin: (story: Story) => unknown, end?: (story: Story) => unknown) =>
  ({ tell, broken = [] }: Row): void => {
    const story = new Story();
    begin(story);
    tell(story);
    end?.(story);
    expect(story.broken).toEqual(
      broken.map((sentence) => expect.stringMatching(sentence) as unknown as string),
    );
  };

/** With three healthy nodes of one pool. */
export const judged = judging((story) => story.node('n1').node('n2').node('n3'));
