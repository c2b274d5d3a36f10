import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PayloadCodec } from '@temporalio/common';
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { HISTORIES, NEXT } from '../../test/workflows/recorded.ts';
import { readEntries, type Entry, type HistoryEvent } from './entries.ts';
import type { RolloutStory } from './story.ts';
import { storyOf } from './tell.ts';

/** The events of a recorded history, such as `rebooted`. */
export function eventsOf(name: string): readonly HistoryEvent[] {
  const text = readFileSync(join(HISTORIES, NEXT, `${name}.json`), 'utf8');
  return historyFromJSON(JSON.parse(text)).events ?? [];
}

/** What these events tell, to whoever has these codecs. */
export async function storyIn(
  events: readonly HistoryEvent[],
  codecs: readonly PayloadCodec[] = [],
): Promise<RolloutStory> {
  const entries = await readEntries(events, loadDataConverter({ payloadCodecs: [...codecs] }));
  return storyOfEntries(entries);
}

export const storyOfEntries = (...runs: readonly (readonly Entry[])[]): RolloutStory =>
  storyOf({
    workflowId: 'node-rollout/n1',
    runs: runs.map((entries, at) => ({ runId: `run-${at + 1}`, entries })),
  });
