import { address } from '../../domain/http-schema.ts';
import { kuredLock as lockGate } from '../../domain/gates/kured-lock.ts';
import { expressionProblem } from '../../domain/gates/label-matcher.ts';
import { parseSelector } from '../../domain/label-selector.ts';
import { variableFor, type AlertsText, type Draft, type Reader } from './draft.ts';

/** kured's Prometheus check. */
export function alerts(read: Reader, draft: Draft): void {
  const { pool } = draft;
  const expression = expressionOf(read);
  const matchOnly = read.bool('alert-filter-match-only');
  const firingOnly = read.bool('alert-firing-only');
  const given = read.text('prometheus-url');
  if (given === '') {
    withoutPrometheus(read);
    return;
  }
  const access = accessOf(read, draft, given);
  if (access === undefined) return;
  if (matchOnly && expression === undefined) {
    read.note(
      'alert-filter-match-only',
      'without alert-filter-regexp every alert counts, as in kured',
    );
  }
  pool.gates = {
    ...pool.gates,
    alerts: {
      ...access,
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

/** The address without user, password and query, which may all be secrets; undefined for what is no address. */
function accessOf(read: Reader, draft: Draft, given: string): Access | undefined {
  const prometheus = given.replace(/[?#][\s\S]*$/, '').replace(/\/\/[^/]*@/, '//');
  if (!URL.canParse(given) || !address.safeParse(prometheus).success) {
    read.close('prometheus-url', NO_ADDRESS);
    return undefined;
  }
  const { username, password, search, hash } = new URL(given);
  if (search !== '' || hash !== '') read.warn('prometheus-url', 'what follows the "?" is left out');
  if (password === '') {
    if (username !== '')
      read.warn('prometheus-url', 'its user, which has no password, is left out');
    return { prometheus };
  }
  const user = decoded(username);
  if (!/^[^:]+$/.test(user)) {
    read.close('prometheus-url', NO_USER);
    return { prometheus };
  }
  const variable = variableFor(draft, 'PROMETHEUS_PASSWORD', password);
  read.warn('prometheus-url', `give the worker its password as ${variable}; ${TILL_THEN}`);
  return { prometheus, basicAuth: { username: user, password: `\${${variable}}` } };
}

const NO_ADDRESS =
  'is not an address like http://prometheus.monitoring:9090, so kured never gets an answer and reboots nothing; gates.alerts is left out';
const NO_USER =
  'its user is empty or has a colon, which no server can tell from its password; basicAuth is left out';

const TILL_THEN = 'until it has that environment variable, the gate stays closed';

/** As it was meant; as it stands where its percent signs encode no text. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Kept as it is: both sides read it as RE2 does, unanchored. One that kured refuses is left out. */
function expressionOf(read: Reader): string | undefined {
  const text = read.text('alert-filter-regexp');
  if (text === '') return undefined;
  if (expressionProblem(text) === undefined) return text;
  read.refuse('alert-filter-regexp', 'a regular expression of Go');
  return undefined;
}

export function blockingPods(read: Reader, { pool }: Draft): void {
  const selectors = read.list('blocking-pod-selector') ?? [];
  const good = selectors.filter((text) => parseSelector(text) !== undefined);
  for (const wrong of selectors.filter((text) => !good.includes(text))) {
    read.close('blocking-pod-selector', `"${wrong}" ${NO_SELECTOR}`);
  }
  if (good.length > 0) pool.gates = { ...pool.gates, blockingPods: good };
}

const NO_SELECTOR =
  'is no label selector and is left out; kured fails to list pods by it, or finds every pod, and never reboots anything';

/** While kured still runs on other nodes, nothing is taken out as long as it holds its lock. */
export function kuredLock(read: Reader, { pool }: Draft): void {
  const annotation = read.text('lock-annotation');
  const lock = {
    namespace: read.text('ds-namespace'),
    daemonSet: read.text('ds-name'),
    ...(annotation === 'weave.works/kured-node-lock' ? {} : { annotation }),
  };
  const issues = lockGate.key.safeParse(lock).error?.issues ?? [];
  for (const { path } of issues) {
    const option = LOCK_OPTIONS[path[0] as keyof typeof lock];
    read.close(option, `"${read.text(option)}" ${NO_LOCK}`);
  }
  // Half a lock would be that of somebody else.
  if (issues.length === 0) pool.gates = { ...pool.gates, kuredLock: lock };
}

const LOCK_OPTIONS = {
  namespace: 'ds-namespace',
  daemonSet: 'ds-name',
  annotation: 'lock-annotation',
} as const;

const NO_LOCK =
  'is no name in Kubernetes, so kured never gets its lock and reboots nothing; gates.kuredLock is left out';
