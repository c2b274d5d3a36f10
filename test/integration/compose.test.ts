import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { readCompose, scriptOf } from '../../deploy/compose.fixture.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/names.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';
import { lab } from './lab.ts';

/** The jobs of docker-compose.temporal.yml that make the namespace, with the real temporal CLI against a real server. */

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
async function runJob(name: string, namespace: string): Promise<void> {
  const job = readCompose().services[name];
  const [shell = '', ...options] = job?.entrypoint ?? [];
  if (job === undefined) throw new Error(`there is no ${name}`);
  const env = {
    ...job.environment,
    PATH: path,
    HOME: lab().dir,
    TEMPORAL_ADDRESS: lab().temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
  };
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

describe.each(['namespace-dev', 'namespace-postgres'])('the job %s', (job) => {
  const wanted = { retention: DAYS_30, attributes: [...SEARCH_ATTRIBUTES] };

  test('makes a namespace that is not there, and may be repeated', async () => {
    await runJob(job, job);
    expect(await factsOf(job)).toEqual(wanted);
    await runJob(job, job);
    expect(await factsOf(job)).toEqual(wanted);
  });

  test('completes one that is there, as in the development server', async () => {
    const namespace = `${job}-there`;
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    await runJob(job, namespace);
    expect(await factsOf(namespace)).toEqual(wanted);
  });
});
