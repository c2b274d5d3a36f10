import { RE2JS } from 're2js';
import { parseSelector } from '../../domain/label-selector.ts';
import type { Draft, Reader } from './draft.ts';

/** kured's Prometheus check. */
export function alerts(read: Reader, { pool }: Draft): void {
  const expression = expressionOf(read);
  const matchOnly = read.bool('alert-filter-match-only');
  const firingOnly = read.bool('alert-firing-only');
  const address = read.text('prometheus-url');
  if (address === '') {
    withoutPrometheus(read);
    return;
  }
  if (matchOnly && expression === undefined) {
    read.note(
      'alert-filter-match-only',
      'without alert-filter-regexp every alert counts, as in kured',
    );
  }
  pool.gates = {
    ...pool.gates,
    alerts: {
      prometheus: withoutPassword(read, address),
      ...(expression === undefined ? {} : { [matchOnly ? 'only' : 'ignore']: expression }),
      states: firingOnly ? ['firing'] : ['pending', 'firing'],
    },
  };
}

function withoutPrometheus(read: Reader): void {
  for (const name of [
    'alert-filter-regexp',
    'alert-filter-match-only',
    'alert-firing-only',
  ] as const) {
    if (read.setting(name)) read.note(name, 'has no effect without prometheus-url');
  }
}

function withoutPassword(read: Reader, address: string): string {
  if (!URL.canParse(address)) {
    read.warn('prometheus-url', 'is not an address like http://prometheus.monitoring:9090');
    // Perhaps it is none because of a character in its password.
    return address.replace(/^.*@/, '');
  }
  const url = new URL(address);
  if (url.username === '' && url.password === '') return address;
  const text =
    'its user and password are left out: give them to the worker from the environment or a file; until then the gate stays closed';
  read.warn('prometheus-url', text);
  return address.replace(/\/\/[^/?#]*@/, '//');
}

/** Kept as it is: both sides read it as RE2 does, unanchored. */
function expressionOf(read: Reader): string | undefined {
  const text = read.text('alert-filter-regexp');
  if (text === '') return undefined;
  try {
    RE2JS.compile(text);
  } catch {
    read.refuse('alert-filter-regexp', 'a regular expression of Go');
  }
  return text;
}

export function blockingPods(read: Reader, { pool }: Draft): void {
  const selectors = read.list('blocking-pod-selector') ?? [];
  if (selectors.length === 0) return;
  const wrong = selectors.find((text) => parseSelector(text) === undefined);
  if (wrong !== undefined) read.close('blocking-pod-selector', `"${wrong}" ${NO_SELECTOR}`);
  pool.gates = { ...pool.gates, blockingPods: selectors };
}

const NO_SELECTOR =
  'is no label selector; kured fails to list pods by it, or finds every pod, and never reboots anything';

/** While kured still runs on other nodes, its lock counts as one more holder of a permit. */
export function kuredLock(read: Reader, { pool }: Draft): void {
  const annotation = read.text('lock-annotation');
  pool.gates = {
    ...pool.gates,
    kuredLock: {
      namespace: read.text('ds-namespace'),
      daemonSet: read.text('ds-name'),
      ...(annotation === 'weave.works/kured-node-lock' ? {} : { annotation }),
    },
  };
}
