import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Policy } from '../../domain/policy.ts';
import { Stage } from '../testing/stage.ts';
import { serveWeb, type WebServer } from '../testing/web-server.ts';
import { secretsOf } from '../secrets.ts';
import { HttpSilences } from './silences.ts';

interface Silence {
  id: string;
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
  matchers: { name: string; value: string }[];
  status: { state: string };
}

/** An Alertmanager as far as silences go. */
let silences: Silence[];
let broken: boolean;
let server: WebServer;
beforeEach(async () => {
  silences = [];
  broken = false;
  server = await serveWeb(({ method, path, body }, response) => {
    if (broken) return void response.writeHead(500).end();
    if (method === 'POST') return void response.end(post(JSON.parse(body) as Silence));
    if (method === 'DELETE') {
      const gone = silences.find(({ id }) => path === `/api/v2/silence/${id}`);
      if (gone) gone.status.state = 'expired';
    }
    return void response.end(method === 'GET' ? JSON.stringify(silences) : '');
  });
});
afterEach(() => server.close());

function post(sent: Silence): string {
  const known = silences.find(({ id }) => id === sent.id);
  if (known) Object.assign(known, sent);
  else silences.push({ ...sent, id: `id-${silences.length + 1}`, status: { state: 'active' } });
  return '{"silenceID":"x"}';
}

const ROLLOUT = { node: 'n1', workflowId: 'node-rollout/n1' };

const policy = (silence: object | null = {}): Policy =>
  Policy.parse({
    pools: ['workers', 'others'].map((name) => ({
      name,
      nodes: `pool=${name}`,
      gates: {
        alerts: {
          prometheus: 'http://prometheus:9090',
          alertmanager: { url: server.url, deadline: '1s', ...(silence && { silence }) },
        },
      },
    })),
  });

/** Steps are begun and not waited for: this waits until they have been taken. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const states = () => silences.map(({ status }) => status.state);
const posts = () => server.asked.filter(({ method }) => method === 'POST');

/** Runs as an activity: only there one may log. */
const acting = async (act: (kept: HttpSilences) => Promise<void>) => {
  const stage = new Stage();
  const kept = new HttpSilences(secretsOf({}));
  await stage.run(() => act(kept), undefined);
  return stage;
};

test('a silence is made for each label, and ended', async () => {
  await acting(async (kept) => {
    kept.keep(ROLLOUT, policy({ labels: ['node', 'instance'] }), 'workers');
    await until(() => silences.length === 2);
    expect(silences.map(({ matchers }) => matchers[0]?.name)).toEqual(['node', 'instance']);
    expect(Date.parse(silences[0]?.endsAt ?? '')).toBeGreaterThan(Date.now() + 240_000);
    kept.end(ROLLOUT, policy());
    await until(() => states().every((state) => state === 'expired'));
  });
});

test('one lease is prolonged, also by a worker that did not make it', async () => {
  await acting(async (first) => {
    first.keep(ROLLOUT, policy(), 'workers');
    await until(() => silences.length === 1);
    const [{ startsAt } = { startsAt: '' }] = silences;
    const second = new HttpSilences(secretsOf({}));
    second.keep(ROLLOUT, policy(), 'workers');
    await until(() => posts().length === 2);
    expect(silences).toHaveLength(1);
    expect(silences[0]?.startsAt).toBe(startsAt);
  });
});

test('a lease is prolonged when a third of it has passed, not at every step', async () => {
  await acting(async (kept) => {
    for (let step = 0; step < 5; step += 1) kept.keep(ROLLOUT, policy(), 'workers');
    kept.end(ROLLOUT, policy());
    await until(() => states().includes('expired'));
    expect(posts()).toHaveLength(1);
  });
});

test('a step that is still under way does not outlive the end', async () => {
  await acting(async (kept) => {
    kept.keep(ROLLOUT, policy(), 'workers');
    kept.end(ROLLOUT, policy());
    await until(() => states().includes('expired'));
    expect(states()).toEqual(['expired']);
  });
});

test("only this rollout's silences are ended", async () => {
  await acting(async (kept) => {
    const other = { node: 'n2', workflowId: 'node-rollout/n2' };
    kept.keep(ROLLOUT, policy(), 'workers');
    kept.keep(other, policy(), 'workers');
    await until(() => silences.length === 2);
    kept.end(other, policy());
    await until(() => states().includes('expired'));
    const active = silences.filter(({ status }) => status.state === 'active');
    expect(active.map(({ comment }) => comment)).toEqual([
      'node-rollout/n1: node n1 is rolled out',
    ]);
  });
});

test.each([
  { name: 'whose policy wants none', given: null, pool: 'workers' },
  { name: 'that is in the policy no more', given: {}, pool: 'former' },
])('nothing is silenced for a pool $name', async ({ given, pool }) => {
  await acting(async (kept) => {
    kept.keep(ROLLOUT, policy(given), pool);
    kept.end(ROLLOUT, policy());
    await until(() => server.asked.length > 0);
  });
  expect(server.asked.map(({ method }) => method)).toEqual(['GET']);
});

describe('G11: an Alertmanager', () => {
  test('that fails is only logged, and asked again', async () => {
    broken = true;
    const stage = await acting(async (kept) => {
      kept.keep(ROLLOUT, policy(), 'workers');
      await until(() => server.asked.length === 1);
      broken = false;
      kept.keep(ROLLOUT, policy(), 'workers');
      await until(() => silences.length === 1);
    });
    expect(stage.logged).toEqual(['silence not kept']);
  });

  test('that is away throws nothing', async () => {
    await server.close();
    const stage = new Stage();
    const kept = new HttpSilences(secretsOf({}));
    await stage.run(async () => {
      kept.keep(ROLLOUT, policy(), 'workers');
      kept.end(ROLLOUT, policy());
      await until(() => stage.logged.length === 2);
    }, undefined);
    expect(stage.logged).toEqual(['silence not kept', 'silence not ended']);
  });
});
