import './sdk-globals.ts';
import { setActivator } from '@temporalio/workflow/lib/global-attributes.js';
import type { ActivationCompletion, WorkflowInfo } from '@temporalio/workflow/lib/interfaces.js';
import { Activator } from '@temporalio/workflow/lib/internals.js';
import {
  activate,
  concludeActivation,
  initialize,
  tryUnblockConditions,
} from '@temporalio/workflow/lib/worker-interface.js';
import type { Workflow } from '@temporalio/common';
import { settle } from '../time/settle.ts';
import { payloads } from './payloads.ts';

/** What the server tells a workflow in one activation, in the form in which the SDK's core passes it on. */
export type Job = Partial<Parameters<typeof activate>[0]['jobs'] & object>[number] & {
  readonly variant: string;
};

export type Command = ActivationCompletion['commands'][number];

/** What is the same for all workflows here. */
const UNIFORM = {
  namespace: 'default',
  taskQueue: 'lockkeeper',
  memo: {},
  searchAttributes: {},
  attempt: 1,
} as const;

export interface Moment {
  readonly nowMs: number;
  readonly historyLength: number;
  readonly continueAsNewSuggested: boolean;
}

/**
 * One execution of workflow code: the SDK's own workflow runtime, driven as its worker drives it, only without a sandbox
 * of its own. What it asks for comes out as commands; what it is told goes in as jobs.
 */
export class Instance {
  readonly #activator: Activator;

  constructor(
    workflow: Workflow,
    info: Pick<
      WorkflowInfo,
      'workflowId' | 'runId' | 'workflowType' | 'firstExecutionRunId' | 'originalExecutionRunId'
    >,
    nowMs: number,
  ) {
    this.#activator = new Activator({
      info: {
        ...UNIFORM,
        ...info,
        startTime: new Date(nowMs),
        runStartTime: new Date(nowMs),
        unsafe: { isReplaying: false, isReplayingHistoryEvents: false, now: () => 0n },
      } as unknown as WorkflowInfo,
      now: nowMs,
      randomnessSeed: [nowMs],
      registeredActivityNames: new Set(['default']),
      getTimeOfDay: () => 0n,
      stackTracesEnabled: false,
      showStackTraceSources: false,
      sourceMap: { version: 3, sources: [], names: [], mappings: '' } as never,
    });
    this.#activator.workflow = workflow;
    this.#activator.payloadConverter = payloads;
  }

  /** Signals first, then the rest, all in one batch, as since 1.11; rejects with what broke the workflow task. */
  async activate(jobs: readonly Job[], moment: Moment): Promise<Command[]> {
    const activator = this.#activator;
    activator.now = moment.nowMs;
    const { historyLength, continueAsNewSuggested } = moment;
    activator.mutateWorkflowInfo((info) => ({ ...info, historyLength, continueAsNewSuggested }));
    setActivator(activator);
    try {
      const [first] = jobs;
      if (first?.initializeWorkflow) initialize(first.initializeWorkflow);
      activate({ jobs: [...jobs] });
      await settle();
      while (tryUnblockConditions() > 0) await settle();
      return concludeActivation().successful?.commands ?? [];
    } finally {
      activator.getAndResetSinkCalls();
      setActivator(undefined);
    }
  }

  /** The answer as a client would get it. */
  query(name: string, args: readonly unknown[]): unknown {
    const handler = this.#activator.queryHandlers.get(name)?.handler;
    if (!handler) throw new Error(`the workflow has no query ${name}`);
    setActivator(this.#activator);
    try {
      const answer: unknown = handler(...args);
      return answer === undefined ? undefined : (JSON.parse(JSON.stringify(answer)) as unknown);
    } finally {
      setActivator(undefined);
    }
  }

  /** What the Web UI shows of it. */
  get details(): string {
    return this.#activator.currentDetails;
  }
}
