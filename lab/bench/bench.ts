import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BenchArgs } from './args.ts';
import { AgentScene } from './scene.ts';
import { mostResident, rowsOf, tableOf, within, type Group, type Measured } from './table.ts';
import { usageOf, type Usage } from './usage.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RESULTS = `${ROOT}lab/bench/results`;
/** By then an agent has given back what its start took. */
const SETTLED_AFTER_MS = 30_000;
const LOOK_EVERY_MS = 10_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Measures, prints, writes the file; 1 when the shipped agent exceeds a budget. */
export async function benchAgent(args: BenchArgs, signal: AbortSignal): Promise<number> {
  // The bundle of the image, by the command that makes it there.
  execFileSync(process.execPath, ['agent/build.ts'], { cwd: ROOT, stdio: 'inherit' });
  const groups = args.compare === undefined ? 1 : 2;
  const scene = await AgentScene.open(args.agents * groups, signal);
  try {
    const [shipped, other] = await measure(scene, args, signal);
    if (shipped === undefined) throw new Error('nothing was measured');
    const text = report(shipped, other);
    say(text);
    save(text);
    return rowsOf(shipped).every(within) ? 0 : 1;
  } finally {
    await scene.close();
  }
}

interface Running {
  readonly node: string;
  readonly pid: number;
  first: Usage;
  last: Usage;
  mostResidentKb: number;
}

async function measure(
  scene: AgentScene,
  { agents, minutes, compare }: BenchArgs,
  signal: AbortSignal,
): Promise<Group[]> {
  const kinds = [scene.flags, ...(compare ? [compare] : [])];
  const started: { flags: readonly string[]; running: Running[] }[] = [];
  for (const [index, flags] of kinds.entries()) {
    const nodes = scene.nodes.slice(index * agents, (index + 1) * agents);
    const pids = await Promise.all(
      nodes.map((node) => scene.start(node, flags, `${ROOT}dist/agent.cjs`)),
    );
    const running = await Promise.all(nodes.map((node, at) => see(node, pids[at] ?? 0)));
    started.push({ flags, running });
  }
  const all = started.flatMap(({ running }) => running);
  say(`${all.length} agents have reported; looked at for ${minutes} min once they have settled`);
  await pause(SETTLED_AFTER_MS, undefined, { signal });
  await Promise.all(all.map(async (one) => (one.first = await usageOf(one.pid))));
  const fromMs = Date.now();
  const toMs = fromMs + minutes * 60_000;
  while (Date.now() < toMs) {
    await pause(Math.min(LOOK_EVERY_MS, Math.max(0, toMs - Date.now())), undefined, { signal });
    await Promise.all(all.map(pollAgain));
  }
  const requests = await scene.requests(fromMs, toMs);
  return started.map(({ flags, running }) => ({
    name: flags.join(' '),
    lookedAtMs: toMs - fromMs,
    agents: running.map((one) => measuredOf(one, requests.get(one.node) ?? 0)),
  }));
}

async function see(node: string, pid: number): Promise<Running> {
  const first = await usageOf(pid);
  return { node, pid, first, last: first, mostResidentKb: first.residentKb };
}

async function pollAgain(one: Running): Promise<void> {
  one.last = await usageOf(one.pid);
  one.mostResidentKb = Math.max(one.mostResidentKb, one.last.residentKb);
}

function measuredOf({ first, last, mostResidentKb }: Running, requests: number): Measured {
  const { residentKb, privateKb } = last;
  return { residentKb, privateKb, mostResidentKb, cpuMs: last.cpuMs - first.cpuMs, requests };
}

function report(shipped: Group, other: Group | undefined): string {
  const minutes = shipped.lookedAtMs / 60_000;
  return [
    '# The idle agent',
    '',
    `Agents for ${minutes} min, ${shipped.agents.length} of a kind, each on a node of its own, against the API server of the lab; Node`,
    `${process.versions.node} on ${process.platform} ${process.arch}. Memory is that of the largest at the end (1 MB: 1,024 kB). What an hour takes is`,
    'their mean, extrapolated. Made by `npm run bench`.',
    '',
    ...groupReport('As the DaemonSet has it', shipped),
    ...(other ? groupReport('For comparison, in the same run', other) : []),
  ].join('\n');
}

function groupReport(title: string, group: Group): string[] {
  const flags = group.name === '' ? 'Without flags of Node.' : `\`node ${group.name}\``;
  const most = `At any look at most ${mostResident(group).toFixed(1)} MB were resident.`;
  return [`## ${title}`, '', flags, '', tableOf(rowsOf(group)), most, ''];
}

function save(text: string): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(`${RESULTS}/agent.md`, text);
}
