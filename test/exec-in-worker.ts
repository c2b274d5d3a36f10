import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Exec, KubeConfig, type V1Status } from '@kubernetes/client-node';

/** Runs a command in the worker's container, as `kubectl exec` does, and answers with what it prints. */
export async function execInWorker(
  kubeconfigPath: string,
  command: readonly string[],
): Promise<string> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const said = new PassThrough();
  const ended = Promise.withResolvers<V1Status>();
  const out = text(said);
  const where = ['lockkeeper', 'lockkeeper-worker-0', 'worker'] as const;
  await new Exec(config).exec(...where, [...command], said, said, null, false, ended.resolve);
  const { status, message } = await ended.promise;
  said.end();
  if (status !== 'Success') throw new Error(`${message}: ${await out}`);
  return await out;
}
