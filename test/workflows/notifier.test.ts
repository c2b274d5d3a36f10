import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { notifierId, TASK_QUEUE } from '../../domain/names.ts';
import type { Notice, NoticeEvent } from '../../domain/notifications/events.ts';
import { until } from '../ask.ts';
import { openStage } from './servers.ts';

let env: TestWorkflowEnvironment;
beforeAll(async () => {
  env = await openStage();
});
afterAll(async () => {
  await env.teardown();
});

const WORKFLOW = notifierId({ node: 'n1' });

let count = 0;
/** A notice that no other test has told. */
function aNotice(event: NoticeEvent, atMs: number, changes: Partial<Notice> = {}): Notice {
  count += 1;
  return { id: `run/${count}/${event}`, event, atMs, node: 'n1', pool: 'workers', ...changes };
}

/** Receivers that remember what they were told, and that can be dead. */
class Receivers {
  readonly told: string[] = [];
  readonly tries: string[] = [];
  readonly dead = new Set<string>();
  private readonly of: TestWorkflowEnvironment;

  constructor(of: TestWorkflowEnvironment = env) {
    this.of = of;
  }

  async run<T>(play: () => Promise<T>): Promise<T> {
    const worker = await Worker.create({
      connection: this.of.nativeConnection,
      taskQueue: TASK_QUEUE,
      // So that what happens between two workers is not offered first to the one that has gone.
      maxCachedWorkflows: 0,
      workflowBundle: { codePath: process.env['LOCKKEEPER_TEST_BUNDLE'] ?? '' },
      activities: {
        deliver: async (asked: { receiver: string; notice: Notice }) => {
          const words = `${asked.receiver} ${asked.notice.event}`;
          this.tries.push(words);
          if (this.dead.has(asked.receiver)) {
            throw ApplicationFailure.create({ type: 'not-delivered', message: 'it is away' });
          }
          this.told.push(words);
        },
      },
    });
    return await worker.runUntil(play);
  }

  async tell(notice: Notice, ...receivers: string[]) {
    return await this.of.client.workflow.signalWithStart('notifier', {
      workflowId: WORKFLOW,
      taskQueue: TASK_QUEUE,
      args: [],
      signal: 'notice',
      signalArgs: [{ notice, receivers }],
    });
  }

  /** What one of them was told. */
  toldTo(receiver: string): string[] {
    return this.told.filter((words) => words.startsWith(`${receiver} `));
  }
}

const now = (): Promise<number> => env.currentTimeMs();

describe('the notifier', () => {
  test('tells every receiver everything, in the order in which it happened, and ends', async () => {
    const receivers = new Receivers();
    await receivers.run(async () => {
      const atMs = await now();
      for (const event of ['draining', 'rebooting', 'returned'] as const) {
        await receivers.tell(aNotice(event, atMs), 'ops', 'mail');
      }
      await env.client.workflow.getHandle(WORKFLOW).result();
    });
    for (const name of ['ops', 'mail']) {
      expect(receivers.toldTo(name)).toEqual([
        `${name} draining`,
        `${name} rebooting`,
        `${name} returned`,
      ]);
    }
  });

  test('G11: a receiver that is dead holds up no other, and is told in order once it is back', async () => {
    const receivers = new Receivers();
    receivers.dead.add('ops');
    await receivers.run(async () => {
      const atMs = await now();
      for (const event of ['draining', 'rebooting'] as const) {
        await receivers.tell(aNotice(event, atMs), 'ops', 'mail');
      }
      await until(
        async () => receivers.toldTo('mail'),
        ({ length }) => length === 2,
      );
      await env.sleep('3h');
      expect(receivers.toldTo('ops')).toEqual([]);
      expect(new Set(receivers.tries.filter((words) => words.startsWith('ops')))).toEqual(
        new Set(['ops draining']),
      );
      receivers.dead.clear();
      await env.client.workflow.getHandle(WORKFLOW).result();
    });
    expect(receivers.toldTo('ops')).toEqual(['ops draining', 'ops rebooting']);
    expect(receivers.toldTo('mail')).toHaveLength(2);
  });

  test('tells once what an activity that was tried again has told twice, also when it was told already', async () => {
    const receivers = new Receivers();
    const notice = aNotice('draining', await now());
    await receivers.run(async () => {
      await receivers.tell(notice, 'ops');
      await until(
        async () => receivers.told,
        ({ length }) => length === 1,
      );
      await receivers.tell(notice, 'ops');
      await env.client.workflow.getHandle(WORKFLOW).result();
    });
    expect(receivers.told).toEqual(['ops draining']);
  });

  test('gives up after a day, and goes on with what came later', async () => {
    const receivers = new Receivers();
    receivers.dead.add('ops');
    await receivers.run(async () => {
      await receivers.tell(aNotice('draining', await now()), 'ops');
      await env.sleep('23h');
      await receivers.tell(aNotice('rebooting', await now()), 'ops');
      await env.sleep('90m');
      expect(receivers.tries.at(-1)).toBe('ops rebooting');
      receivers.dead.clear();
      await env.client.workflow.getHandle(WORKFLOW).result();
    });
    expect(receivers.told).toEqual(['ops rebooting']);
  });

  test('loses nothing that comes together with the end of its pause', async () => {
    const receivers = new Receivers();
    const handle = env.client.workflow.getHandle(WORKFLOW);
    const has = async (type: 'timerStarted' | 'timerFired'): Promise<boolean> => {
      const { events = [] } = await handle.fetchHistory();
      return events?.some((event) => event[`${type}EventAttributes`]) === true;
    };
    await receivers.run(async () => {
      await receivers.tell(aNotice('draining', await now()), 'ops');
      await until(
        () => has('timerStarted'),
        (started) => started,
      );
    });
    // Nobody works now: the end of the pause and the next notice wait together for the next worker.
    await env.sleep('599s');
    await until(
      () => has('timerFired'),
      (fired) => fired,
    );
    await receivers.tell(aNotice('rebooting', await now()), 'ops');
    await receivers.run(() => handle.result());
    expect(receivers.told).toEqual(['ops draining', 'ops rebooting']);
  });

  test('passes over what is no notice', async () => {
    const receivers = new Receivers();
    await receivers.run(async () => {
      const handle = await receivers.tell(aNotice('draining', await now()), 'ops');
      const atMs = await now();
      const known = aNotice('lost', atMs);
      for (const sent of [
        undefined,
        'x',
        {},
        { notice: known },
        { notice: { ...known, event: 'x' }, receivers: ['ops'] },
        { notice: known, receivers: [3] },
      ]) {
        await handle.signal('notice', sent);
      }
      await receivers.tell(aNotice('rebooting', atMs), 'ops');
      await handle.result();
    });
    expect(receivers.told).toEqual(['ops draining', 'ops rebooting']);
  });
});

describe('a notifier whose history has grown', () => {
  let real: TestWorkflowEnvironment;
  beforeAll(async () => {
    real = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: process.env['LOCKKEEPER_TEMPORAL'] ?? '' },
        extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=25'],
      },
    });
  });
  afterAll(async () => {
    await real.teardown();
  });

  test('begins a new one and takes along what has still to be told, and what was', async () => {
    const receivers = new Receivers(real);
    receivers.dead.add('ops');
    const notices = Array.from({ length: 12 }, () => aNotice('draining', Date.now()));
    let runs = new Set<string>();
    await receivers.run(async () => {
      for (const notice of notices) await receivers.tell(notice, 'ops', 'mail');
      for (const notice of notices) await receivers.tell(notice, 'ops', 'mail');
      await until(
        async () => receivers.toldTo('mail'),
        ({ length }) => length === 12,
      );
      receivers.dead.clear();
      await until(
        async () => receivers.toldTo('ops'),
        ({ length }) => length === 12,
      );
      const handle = real.client.workflow.getHandle(WORKFLOW);
      const { raw, runId } = await handle.describe();
      runs = new Set([runId, raw.workflowExecutionInfo?.firstRunId ?? runId]);
      await handle.terminate();
    });
    expect(runs.size).toBe(2);
    expect(receivers.toldTo('ops')).toHaveLength(12);
    expect(receivers.toldTo('mail')).toHaveLength(12);
  });
});
