import { holds, requirementsIn, type Requirement } from './label-selector.ts';

/**
 * Words for the labels of a node that both selectors match, such as "agentpool=b"; undefined when there is none, or when
 * each asks for a label of which the other knows nothing: then only the nodes themselves can tell.
 */
export function sharedLabels(
  one: readonly Requirement[],
  other: readonly Requirement[],
): string | undefined {
  if (!isWithin(one, other) && !isWithin(other, one)) return undefined;
  return example([...one, ...other]);
}

/** Whether there is no node that could have the labels a selector asks for, as with a=1,a=2. */
export function matchesNothing(selector: string): boolean {
  return example(requirementsIn(selector) ?? []) === undefined;
}

const keysOf = (requirements: readonly Requirement[]): Set<string> =>
  new Set(requirements.map(({ key }) => key));

const isWithin = (inner: readonly Requirement[], outer: readonly Requirement[]): boolean =>
  inner.every(({ key }) => outer.some((other) => other.key === key));

/** Labels that are as all of these ask, in words. */
function example(requirements: readonly Requirement[]): string | undefined {
  const labels: string[] = [];
  for (const key of keysOf(requirements)) {
    const label = exampleOf(
      key,
      requirements.filter((one) => one.key === key),
    );
    if (label === undefined) return undefined;
    labels.push(label);
  }
  return labels.join(',');
}

function exampleOf(key: string, asked: readonly Requirement[]): string | undefined {
  const fits = (value: string | undefined): boolean => asked.every((one) => holds(one, value));
  const named = asked.filter(({ not }) => !not).flatMap(({ values }) => values);
  const value = named.find(fits);
  if (value !== undefined) return `${key}=${value}`;
  if (fits(undefined)) return `!${key}`;
  // Without a list of what it has to be, any value will do that nobody excludes.
  return asked.every(({ not }) => not) ? key : undefined;
}
