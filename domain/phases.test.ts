import { expect, test } from '@jest/globals';
import { PHASES, sayPhase } from './phases.ts';

test('every phase has a sentence of its own that names the node', () => {
  const sentences = PHASES.map((phase) => sayPhase(phase, 'worker-7'));
  expect(sentences.filter((sentence) => !sentence.includes('worker-7'))).toEqual([]);
  expect(new Set(sentences).size).toBe(PHASES.length);
});
