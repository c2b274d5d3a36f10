import { RE2JS } from 're2js';
import { messageOf } from '../message-of.ts';

/**
 * What Prometheus and Alertmanager know as a matcher (https://prometheus.io/docs/alerting/latest/configuration/#matcher):
 * an expression has to match the whole value, and a label that is not there has the value "".
 */
export interface LabelMatcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

const MATCHER = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^"\s,{}]*)\s*$/;

/** The matcher in a text such as `severity=~"critical|page"`; quotes may be left out. Or what is wrong with it. */
export function readMatcher(text: string): LabelMatcher | { readonly problem: string } {
  const [, label = '', operator, written = ''] = MATCHER.exec(text) ?? [];
  if (operator === undefined) return { problem: 'write a matcher like severity=~"critical|page"' };
  const value = unquoted(written);
  const matcher = { label, operator: operator as LabelMatcher['operator'], value };
  const problem = operator.endsWith('~') ? expressionProblem(value) : undefined;
  return problem === undefined ? matcher : { problem };
}

/** As in Alertmanager: a backslash that begins no escape of a text is left to the expression, so `\d` and `\\d` are the same. */
function unquoted(written: string): string {
  if (!written.startsWith('"')) return written;
  return written.slice(1, -1).replaceAll(/\\(["\\n])/g, (_, sign: string) => ESCAPES[sign] ?? sign);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n' };

/** Why an expression (RE2, as Go has it: https://github.com/google/re2/wiki/Syntax) cannot be used, or undefined. */
export function expressionProblem(text: string): string | undefined {
  try {
    RE2JS.compile(text);
    return undefined;
  } catch (error) {
    return `write an expression as Go understands it: ${messageOf(error).replace('error parsing regexp: ', '')}`;
  }
}

type Labels = Readonly<Record<string, string>>;

/** A test for labels; every matcher has to hold. */
export function matching(matchers: readonly LabelMatcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(({ label, operator, value }) => {
    const expression = operator.endsWith('~') ? RE2JS.compile(value, RE2JS.DOTALL) : undefined;
    const wanted = !operator.startsWith('!');
    return (labels: Labels): boolean => {
      const found = Object.hasOwn(labels, label) ? (labels[label] ?? '') : '';
      return (expression ? expression.testExact(found) : found === value) === wanted;
    };
  });
  return (labels) => tests.every((holds) => holds(labels));
}

/** A test for names: anchored, the expression has to match the whole name; else any part of it, as in kured. */
export function nameTest(expression: string, anchored: boolean): (name: string) => boolean {
  const compiled = RE2JS.compile(expression);
  return (name) => (anchored ? compiled.testExact(name) : compiled.test(name));
}
