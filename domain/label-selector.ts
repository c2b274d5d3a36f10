/**
 * Kubernetes label selectors, both styles, as `kubectl -l` takes them
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors).
 */

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

const NAME = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';
const DOMAIN = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?';
const KEY = `(?:${DOMAIN}/)?${NAME}`;
const VALUE = `(?:${NAME})?`;
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
  const [, key = '', operator, value = ''] = EQUALITY.exec(text) ?? [];
  if (operator === undefined) return undefined;
  return operator === '!='
    ? (labels) => valueOf(labels, key) !== value
    : (labels) => valueOf(labels, key) === value;
}

function parseSet(text: string): Requirement | undefined {
  const [, key = '', operator, list = ''] = SET.exec(text) ?? [];
  if (operator === undefined) return undefined;
  const values = list.split(',').map((value) => value.trim());
  if (!values.every((value) => new RegExp(`^${VALUE}$`).test(value))) return undefined;
  const isIn: Requirement = (labels) => {
    const value = valueOf(labels, key);
    return value !== undefined && values.includes(value);
  };
  return operator === 'in' ? isIn : (labels) => !isIn(labels);
}

function parseExistence(text: string): Requirement | undefined {
  const [, not, key] = EXISTS.exec(text) ?? [];
  if (key === undefined) return undefined;
  return (labels) => (valueOf(labels, key) === undefined) === (not === '!');
}

/** Own labels only: "constructor" is a label key like any other, and every object inherits something of that name. */
function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function splitOutsideParentheses(text: string): string[] {
  return text.split(/,(?![^(]*\))/);
}
