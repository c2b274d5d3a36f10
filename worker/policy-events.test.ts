import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, expect, test } from '@jest/globals';
import { kubeClient } from '../activities/kube/client.ts';
import { serveWeb, type WebServer } from '../activities/testing/web-server.ts';
import { eventsOf } from './policy-events.ts';

let server: WebServer | undefined;
afterEach(async () => {
  await server?.close();
});

const pod = { name: 'worker-0', namespace: 'ops', uid: 'uid-0' };

/** An API server that answers so to every request. */
async function refusedAt(status: number, own?: typeof pod) {
  server = await serveWeb((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'c', server: server.url, skipTLSVerify: true },
    { name: 'u' },
  );
  await eventsOf(kubeClient(config), own).refused(`policy.yaml:1 ${'x'.repeat(2_000)}`);
  return server.asked;
}

test("G9: a refused policy is an Event on the worker's own pod, where describe shows it", async () => {
  const [asked, ...more] = await refusedAt(201, pod);
  expect(more).toEqual([]);
  expect(asked).toMatchObject({ method: 'POST', path: '/api/v1/namespaces/ops/events' });
  const event = JSON.parse(asked?.body ?? '') as { message: string };
  expect(event).toMatchObject({
    metadata: { namespace: 'ops' },
    involvedObject: { kind: 'Pod', name: 'worker-0', namespace: 'ops', uid: 'uid-0' },
    reason: 'PolicyRefused',
    type: 'Warning',
    message: expect.stringMatching(/^policy\.yaml:1 /),
  });
  expect(Buffer.byteLength(event.message)).toBe(1_024);
});

test('an Event that is not taken changes nothing', async () => {
  expect(await refusedAt(403, pod)).toHaveLength(1);
});

test('outside a cluster nobody is asked', async () => {
  expect(await refusedAt(201)).toEqual([]);
});
