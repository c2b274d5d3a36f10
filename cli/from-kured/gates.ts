import { RE2JS } from 're2js';
import { parseSelector } from '../../domain/label-selector.ts';
import { variableFor, type AlertsText, type Draft, type Reader } from './draft.ts';

/** kured's Prometheus check. */
export function alerts(read: Reader, draft: Draft): void {
  const { pool } = draft;
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
      ...accessOf(read, draft, address),
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

type Access = Pick<AlertsText, 'prometheus' | 'basicAuth'>;

/** The address without user, password and query, which may all be secrets. */
function accessOf(read: Reader, draft: Draft, address: string): Access {
  if (!URL.canParse(address)) {
    read.warn('prometheus-url', 'is not an address like http://prometheus.monitoring:9090');
    // Perhaps it is none because of a character in its password.
    return { prometheus: address.replace(/^.*@/, '') };
  }
  const { username, password, search, hash } = new URL(address);
  const prometheus = address.replace(/[?#][\s\S]*$/, '').replace(/\/\/[^/]*@/, '//');
  if (search !== '' || hash !== '') read.warn('prometheus-url', 'what follows the "?" is left out');
  if (password === '') {
    if (username !== '')
      read.warn('prometheus-url', 'its user, which has no password, is left out');
    return { prometheus };
  }
  const variable = variableFor(draft, 'PROMETHEUS_PASSWORD', password);
  read.warn('prometheus-url', `give the worker its password as ${variable}; ${TILL_THEN}`);
  return {
    prometheus,
    basicAuth: { username: decoded(username), password: `\${${variable}}` },
  };
}

const TILL_THEN = 'until it has that environment variable, the gate stays closed';

/** As it was meant; as it stands where its percent signs encode no text. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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

/** While kured still runs on other nodes, nothing is taken out as long as it holds its lock. */
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
