import { describe, expect, test } from '@jest/globals';
import { EVENT_INFO, EVENTS, FACTS, factsOf, type Notice } from './events.ts';
import { factsIn, templateProblem, textOf } from './templates.ts';

const NOTICE: Notice = {
  id: 'run-1/3/draining',
  event: 'draining',
  atMs: Date.UTC(2026, 10, 24, 22),
  node: 'worker-1',
  pool: 'workers',
  because: 'the reason',
  sinceMs: Date.UTC(2026, 10, 24, 20, 30),
  rollout: 'node-rollout/worker-1',
};

describe('without a template', () => {
  test.each([
    ['draining', 'Draining node worker-1'],
    ['rebooting', 'Rebooting node worker-1'],
    ['returned', 'Node worker-1 rebooted & uncordoned successfully!'],
  ] as const)('G12: %s says what kured says', (event, text) => {
    const { because: _, ...others } = NOTICE;
    expect(textOf({ ...others, event }, {})).toBe(text);
  });

  test('a node that stays cordoned is not said to be uncordoned', () => {
    const because = 'it was cordoned before, and stays so';
    expect(textOf({ ...NOTICE, event: 'returned', because }, {})).toBe(
      'Node worker-1 rebooted successfully; it was cordoned before, and stays so',
    );
  });

  test.each(EVENTS)('%s has words, with everything in them known', (event) => {
    expect(templateProblem(EVENT_INFO[event].text, event)).toBeUndefined();
    const text = textOf({ ...NOTICE, event }, {});
    expect(text).not.toMatch(/[{}]|unknown/);
    if (EVENT_INFO[event].facts.includes('because')) expect(text).toContain('the reason');
  });
});

const filled = (template: string, notice: Partial<Notice> = {}): string =>
  textOf({ ...NOTICE, ...notice }, { draining: template });

describe('a template', () => {
  test.each([
    ['{{node}} of {{ pool }}, {{node}}', 'worker-1 of workers, worker-1'],
    [
      '{{since}} to {{at}}: {{lasting}}',
      '2026-11-24T20:30:00.000Z to 2026-11-24T22:00:00.000Z: 1h 30m',
    ],
    ['{node} $& %s {{{node}}}', '{node} $& %s {worker-1}'],
    ['no fact', 'no fact'],
  ])('%j becomes %j', (template, text) => {
    expect(filled(template)).toBe(text);
  });

  test('leaves what stands in a fact as it is', () => {
    expect(filled('{{node}}', { node: '{{pool}} $1' })).toBe('{{pool}} $1');
  });

  test('says what is not known', () => {
    const { pool: _, ...others } = NOTICE;
    expect(textOf(others, { draining: 'of {{pool}}' })).toBe('of (unknown)');
  });

  test('of another event changes nothing', () => {
    expect(textOf(NOTICE, { lost: 'gone' })).toBe('Draining node worker-1');
  });

  test.each(EVENTS)('of %s may name its facts and no others', (event) => {
    for (const fact of FACTS) {
      const problem = templateProblem(`{{${fact}}}`, event);
      if (factsOf(event).includes(fact)) expect(problem).toBeUndefined();
      else expect(problem).toContain(`there is no {{${fact}}} in ${event}; there is {{event}}, `);
    }
  });
});

test('there is a fact of every name, when everything is known', () => {
  expect(Object.keys(factsIn(NOTICE)).toSorted()).toEqual(FACTS.toSorted());
});
