import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseSelector } from './label-selector.ts';

const LABELS = { pool: 'workers', zone: 'a', 'node.example.org/role': 'db', empty: '' };

describe('a selector', () => {
  test.each([
    { text: 'pool=workers', expected: true },
    { text: 'pool = workers', expected: true },
    { text: 'pool=Workers', expected: false },
    { text: 'zone in ()', expected: false },
    { text: 'empty in ()', expected: true },
    { text: 'empty=', expected: true },
    { text: 'pool', expected: true },
    { text: '! missing', expected: true },
    { text: 'node.example.org/role=db', expected: true },
    { text: 'pool=workers, zone in (a,b), !missing', expected: true },
    { text: 'constructor', expected: false },
    { text: '!toString', expected: true },
  ])('"$text" answers $expected', ({ text, expected }) => {
    expect(parseSelector(text)?.(LABELS)).toBe(expected);
  });
});

describe('what the API server would refuse is not a selector:', () => {
  test.each([
    '',
    ' ',
    ',',
    'a=b,',
    'a=b,,c',
    '=b',
    'a=b=c',
    'a=-b',
    'a b',
    'in (a)',
    'a in b',
    'a in (b',
    'a in (b))',
    'a in ((b))',
    'a in (b c)',
    'a within (b)',
    '!!a',
    '!a=b',
    'a/b/c=d',
    '/a=b',
    'a/=b',
    'Example.org/role=db',
    `${'k'.repeat(64)}=v`,
    `k=${'v'.repeat(64)}`,
  ])('"%s"', (text) => {
    expect(parseSelector(text)).toBeUndefined();
  });

  test('any text is answered, without throwing', () => {
    fc.assert(
      fc.property(fc.string(), (text) =>
        expect(['function', 'undefined']).toContain(typeof parseSelector(text)),
      ),
    );
  });
});

type Term =
  | { readonly is: '=' | '==' | '!='; readonly key: string; readonly value: string }
  | { readonly is: 'in' | 'notin'; readonly key: string; readonly values: string[] }
  | { readonly is: 'there' | 'absent'; readonly key: string };

test('a selector means the same as its terms, each judged by itself', () => {
  const key = fc.constantFrom('a', 'b', 'x.org/c', 'toString');
  const value = fc.constantFrom('', 'v', 'w-1', 'x_y.z');
  const term = fc.oneof<fc.Arbitrary<Term>[]>(
    fc.record({ is: fc.constantFrom('=', '==', '!='), key, value }),
    fc.record({
      is: fc.constantFrom('in', 'notin'),
      key,
      values: fc.array(value, { minLength: 1 }),
    }),
    fc.record({ is: fc.constantFrom('there', 'absent'), key }),
  );
  const space = fc.constantFrom('', ' ', '  ');
  fc.assert(
    fc.property(
      fc.array(term, { minLength: 1, maxLength: 4 }),
      fc.dictionary(key, value),
      space,
      (terms, labels, gap) => {
        const text = terms.map((each) => write(each, gap)).join(`,${gap}`);
        const expected = terms.every((each) => judge(each, new Map(Object.entries(labels))));
        expect({ text, answer: parseSelector(text)?.(labels) }).toEqual({ text, answer: expected });
      },
    ),
    { numRuns: 500 },
  );
});

function write(term: Term, gap: string): string {
  switch (term.is) {
    case '=':
    case '==':
    case '!=':
      return `${term.key}${gap}${term.is}${gap}${term.value}`;
    case 'in':
    case 'notin':
      return `${term.key} ${term.is}${gap}(${term.values.join(`${gap},${gap}`)})`;
    case 'there':
      return term.key;
    case 'absent':
      return `!${gap}${term.key}`;
    default:
      return term satisfies never;
  }
}

/** The table of the Kubernetes documentation, taken literally. */
function judge(term: Term, labels: ReadonlyMap<string, string>): boolean {
  const value = labels.get(term.key);
  switch (term.is) {
    case '=':
    case '==':
      return value === term.value;
    case '!=':
      return value !== term.value;
    case 'in':
      return value !== undefined && term.values.includes(value);
    case 'notin':
      return value === undefined || !term.values.includes(value);
    case 'there':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    default:
      return term satisfies never;
  }
}
