import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import { formatDuration } from '../../domain/durations.ts';
import { messageOf } from '../../domain/message-of.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/names.ts';
import { isMissing } from '../../worker/namespace.ts';
import { missingSearchAttributes } from '../../worker/search-attributes.ts';
import { CommandFailed } from '../terminal.ts';
import type { Check } from './check.ts';
import { bad, good, unknown, warning, type Said } from './finding.ts';

/** Temporal, and what Lockkeeper needs in it. */

const group = 'Temporal';

export const TEMPORAL_CHECKS: readonly Check[] = [
  { group, name: 'reached', look: (world) => reached(() => world.temporal()) },
  { group, name: 'version', look: (world) => world.inTemporal(versionOf).then(judgeVersion) },
  { group, name: 'namespace', look: (world) => world.inTemporal(namespaceOf) },
  { group, name: 'search attributes', look: (world) => world.inTemporal(searchAttributesOf) },
];

/** As docs/temporal.md has it. */
export const TESTED_SERVER = '1.32';

async function reached(temporal: () => Promise<Client>): Promise<Said[]> {
  try {
    await temporal();
    return [good('it answers')];
  } catch (error) {
    return [judgeAway(error instanceof CommandFailed ? error.lines : [messageOf(error)])];
  }
}

/** Why Temporal is not reached, as the command line says it elsewhere. */
export const judgeAway = ([because = '']: readonly string[]): Said =>
  bad(
    because,
    [
      'Set the variables of the temporal CLI (docs/temporal.md). The Temporal in the pod of the worker is reached by',
      'lockkeeper doctor --temporal-pod lockkeeper-worker-0',
    ].join('\n'),
  );

async function versionOf({ workflowService }: Client): Promise<string> {
  const { serverVersion } = await workflowService.getSystemInfo({});
  return serverVersion ?? '';
}

/** What is older than what is tested may do, and nobody here has looked. */
export function judgeVersion(version: string): Said[] {
  const numbers = partsOf(version);
  if (numbers.length < 2) return [unknown(`the server does not say which it is ("${version}")`)];
  const [major = 0, minor = 0] = numbers;
  const [testedMajor = 0, testedMinor = 0] = partsOf(TESTED_SERVER);
  const isOld = major < testedMajor || (major === testedMajor && minor < testedMinor);
  if (!isOld) return [good(`server ${version}`)];
  const says = `server ${version} is older than what is tested, ${TESTED_SERVER}`;
  return [warning(says, `Upgrade Temporal to ${TESTED_SERVER} or newer.`)];
}

const partsOf = (version: string): number[] =>
  (/^v?(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);

async function namespaceOf({ workflowService, options }: Client): Promise<Said[]> {
  const { namespace } = options;
  try {
    const { config } = await workflowService.describeNamespace({ namespace });
    const keptMs = optionalTsToMs(config?.workflowExecutionRetentionTtl);
    return [judgeRetention(namespace, keptMs)];
  } catch (error) {
    if (isMissing(error)) return [noNamespace(namespace)];
    throw error;
  }
}

export const noNamespace = (namespace: string): Said =>
  bad(
    `there is no namespace ${namespace}`,
    `Check TEMPORAL_NAMESPACE. A worker makes it where it may; by hand:\ntemporal operator namespace create --namespace ${namespace} --retention 30d`,
  );

const DAY_MS = 86_400_000;

/** Less than a day shows in the morning nothing of the night. */
export function judgeRetention(namespace: string, keptMs: number | undefined): Said {
  if (!keptMs) return good(namespace);
  const kept = formatDuration(keptMs);
  if (keptMs >= DAY_MS) return good(`${namespace}, which keeps what has ended for ${kept}`);
  return warning(
    `${namespace} keeps what has ended for ${kept} only`,
    `Let rollouts be looked at for longer:\ntemporal operator namespace update --namespace ${namespace} --retention 30d`,
  );
}

async function searchAttributesOf({ connection, options }: Client): Promise<Said[]> {
  const { namespace } = options;
  return judgeSearchAttributes(namespace, await missingSearchAttributes(connection, namespace));
}

export function judgeSearchAttributes(namespace: string, missing: readonly string[]): Said[] {
  if (missing.length === 0) return [good(SEARCH_ATTRIBUTES.join(', '))];
  const commands = missing.map(
    (name) =>
      `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type Keyword`,
  );
  const advice = 'A worker makes them where it may; an administrator does it by';
  return [
    warning(`${missing.join(', ')} missing: rollouts go without`, [advice, ...commands].join('\n')),
  ];
}
