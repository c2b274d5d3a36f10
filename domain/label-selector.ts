/**
 * Kubernetes label selectors, both styles, as `kubectl -l` takes them
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors).
 */

export type Labels = Readonly<Record<string, string>>;

/** What one label has to be: one of these values, or with `not` any other; and whether it may be absent. */
export interface Requirement {
  readonly key: string;
  readonly values: readonly string[];
  readonly not: boolean;
  readonly absent: boolean;
}

const NAME = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';
const DOMAIN = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?';
const KEY = `(?:${DOMAIN}/)?${NAME}`;
const VALUE = `(?:${NAME})?`;
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const ONE_VALUE = new RegExp(`^${VALUE}$`);
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);

/** A test for labels, or undefined when the text is not a selector. An empty selector is refused: it would match everything. */
export function parseSelector(text: string): ((labels: Labels) => boolean) | undefined {
  const requirements = requirementsIn(text);
  if (!requirements) return undefined;
  return (labels) => requirements.every((one) => holds(one, labelOf(labels, one.key)));
}

/** Everything a selector asks for, all of which has to hold; undefined when the text is not a selector. */
export function requirementsIn(text: string): readonly Requirement[] | undefined {
  const requirements: Requirement[] = [];
  for (const part of partsOf(text)) {
    const words = part.trim();
    const requirement = parseEquality(words) ?? parseSet(words) ?? parseExistence(words);
    if (!requirement) return undefined;
    requirements.push(requirement);
  }
  return requirements;
}

/** Cut at each comma outside of parentheses, in time that grows with the text alone. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let isInside = false;
  let begin = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') isInside = true;
    else if (text[at] === ')') isInside = false;
    else if (text[at] === ',' && !isInside) {
      parts.push(text.slice(begin, at));
      begin = at + 1;
    }
  }
  return [...parts, text.slice(begin)];
}

/** Whether a label of this value, or without one, is as asked for. */
export function holds({ values, not, absent }: Requirement, value: string | undefined): boolean {
  return value === undefined ? absent : values.includes(value) !== not;
}

function parseEquality(text: string): Requirement | undefined {
  const [, key = '', operator, value = ''] = EQUALITY.exec(text) ?? [];
  if (operator === undefined) return undefined;
  const not = operator === '!=';
  return { key, values: [value], not, absent: not };
}

function parseSet(text: string): Requirement | undefined {
  const [, key = '', operator, list = ''] = SET.exec(text) ?? [];
  if (operator === undefined) return undefined;
  const values = list.split(',').map((value) => value.trim());
  if (!values.every((value) => ONE_VALUE.test(value))) return undefined;
  const not = operator === 'notin';
  return { key, values, not, absent: not };
}

function parseExistence(text: string): Requirement | undefined {
  const [, not, key] = EXISTS.exec(text) ?? [];
  if (key === undefined) return undefined;
  const absent = not === '!';
  return { key, values: [], not: !absent, absent };
}

/** Own labels only: "constructor" is a label key like any other, and every object inherits something of that name. */
export function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
