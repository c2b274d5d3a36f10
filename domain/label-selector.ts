/**
 * Kubernetes label selectors, both styles, as `kubectl -l` takes them
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors).
 */

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

const KEY = '[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?';
const VALUE = '([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?';
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);

/** A test for labels, or undefined when the text is not a selector. An empty selector is refused: it would match everything. */
export function parseSelector(text: string): ((labels: Labels) => boolean) | undefined {
  const requirements = splitOutsideParentheses(text).map((part) => parseRequirement(part.trim()));
  if (requirements.includes(undefined)) return undefined;
  return (labels) => requirements.every((holds) => holds?.(labels));
}

function parseRequirement(text: string): Requirement | undefined {
  return parseEquality(text) ?? parseSet(text) ?? parseExistence(text);
}

function parseEquality(text: string): Requirement | undefined {
  const [, key = '', , operator, value = ''] = EQUALITY.exec(text) ?? [];
  if (operator === undefined) return undefined;
  return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
}

function parseSet(text: string): Requirement | undefined {
  const [, key = '', , operator, list = ''] = SET.exec(text) ?? [];
  if (operator === undefined) return undefined;
  const values = list.split(',').map((value) => value.trim());
  if (!values.every((value) => new RegExp(`^${VALUE}$`).test(value))) return undefined;
  const isIn: Requirement = (labels) => labels[key] !== undefined && values.includes(labels[key]);
  return operator === 'in' ? isIn : (labels) => !isIn(labels);
}

function parseExistence(text: string): Requirement | undefined {
  const [, not, key] = EXISTS.exec(text) ?? [];
  if (key === undefined) return undefined;
  return not ? (labels) => labels[key] === undefined : (labels) => labels[key] !== undefined;
}

function splitOutsideParentheses(text: string): string[] {
  return text.split(/,(?![^(]*\))/);
}
