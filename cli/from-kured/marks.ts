import type { Draft, Reader } from './draft.ts';
import type { OptionName } from './options.ts';

/** What kured writes on nodes for others to see: labels around the reboot, and a taint while it waits. */
export function marks(read: Reader, { pool }: Draft): void {
  const before = labels(read, 'pre-reboot-node-labels');
  const after = labels(read, 'post-reboot-node-labels');
  if (before || after) pool.labels = { ...(before && { before }), ...(after && { after }) };
  if (keys(before) !== keys(after))
    read.warn(before ? 'pre-reboot-node-labels' : 'post-reboot-node-labels', UNEVEN);
  const taint = read.text('prefer-no-schedule-taint');
  if (isKey(taint)) pool.taint = taint;
  else if (taint !== '') read.warn('prefer-no-schedule-taint', NO_KEY);
}

const UNEVEN =
  'the labels before and after have different keys: what is set before and not after stays on the node';
const NO_KEY = 'Kubernetes takes no taint of this name, so it is left out';
const HALF = 'one entry has no "=", on which kured crashes; it is left out';
const NO_LABEL =
  'Kubernetes takes no label like one of these, on which kured fails; it is left out';

const keys = (map: object = {}): string => Object.keys(map).toSorted().join();

function labels(read: Reader, name: OptionName): Record<string, string> | undefined {
  const pairs = read.list(name) ?? [];
  const whole = pairs.filter((pair) => pair.includes('='));
  if (whole.length < pairs.length) read.warn(name, HALF);
  // As kured: what follows a second "=" is lost.
  const written = whole.map((pair) => pair.split('=', 2) as [string, string]);
  const good = written.filter(([key, value]) => isKey(key) && (value === '' || isName(value)));
  if (good.length < written.length) read.warn(name, NO_LABEL);
  return good.length === 0 ? undefined : Object.fromEntries(good);
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const isName = (text: string): boolean =>
  text.length <= 63 && /^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$/.test(text);

/** A name, perhaps with the domain of whoever gave it. */
function isKey(text: string): boolean {
  const [, domain, name = ''] = /^(?:([^/]*)\/)?([^/]*)$/.exec(text) ?? [];
  if (!isName(name)) return false;
  return domain === undefined || (domain.length <= 253 && DOMAIN.test(domain));
}

const DOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
