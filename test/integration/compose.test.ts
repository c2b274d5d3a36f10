import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { readCompose, scriptOf } from '../../deploy/compose.fixture.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/names.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';
import { lab } from './lab.ts';

/** The job of docker-compose.temporal.yml that makes the namespace, the same in both profiles, with the real temporal CLI against a real server. */

const run = promisify(execFile);
const DAYS_30 = 30 * 86_400;
let connection: Connection;
let path: string;

beforeAll(async () => {
  connection = await Connection.connect({ address: lab().temporalAddress });
  const { signal } = new AbortController();
  const temporal = await ensureTool('temporal', { log: () => undefined, signal });
  path = `${dirname(temporal)}:/usr/bin:/bin`;
}, 1_800_000);
afterAll(() => connection.close());

/** As Compose starts it, but for where Temporal is. */
async function runJob(namespace: string): Promise<void> {
  const job = readCompose().services['namespace-dev'];
  const [shell = '', ...options] = job?.entrypoint ?? [];
  if (job === undefined) throw new Error('there is no namespace-dev');
  const TEMPORAL_ADDRESS = lab().temporalAddress;
  const env = { PATH: path, HOME: lab().dir, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE: namespace };
  await run(shell, [...options, scriptOf(job)], { env });
}

const factsOf = async (namespace: string) => {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return {
    retention: Number(config?.workflowExecutionRetentionTtl?.seconds),
    attributes: SEARCH_ATTRIBUTES.filter((name) => Number(customAttributes[name]) === KEYWORD),
  };
};
/** INDEXED_VALUE_TYPE_KEYWORD. */
const KEYWORD = 2;

const WANTED = { retention: DAYS_30, attributes: [...SEARCH_ATTRIBUTES] };

test('a namespace that is not there is made, and may be made again', async () => {
  await runJob('composed');
  expect(await factsOf('composed')).toEqual(WANTED);
  await runJob('composed');
  expect(await factsOf('composed')).toEqual(WANTED);
});

test('one that is there, as in the development server, is completed', async () => {
  const namespace = 'composed-there';
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await runJob(namespace);
  expect(await factsOf(namespace)).toEqual(WANTED);
});
