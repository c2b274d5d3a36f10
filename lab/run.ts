import { setTimeout as pause } from 'node:timers/promises';
import { formatDuration } from '../domain/durations.ts';
import { messageOf } from '../domain/message-of.ts';
import type { LabArgs } from './args.ts';
import { serveControl } from './control/channel.ts';
import { obey } from './control/commands.ts';
import { hasLogs, openDir, removeDir } from './dir.ts';
import { embeddedTemporal } from './cluster/embedded.ts';
import { startPodCount } from './fleet/pods.ts';
import { drawHistory } from './history.ts';
import { startLab, type Lab } from './lab.ts';
import { SlackReceiver } from './notify/slack-receiver.ts';
import { policyText, SLACK_VARIABLE } from './policy.ts';
import { isGood, isSettled, labResult, type LabResult } from './result.ts';
import { connectRollouts } from './rollouts.ts';
import { welcome } from './screen.ts';
import { lookAtLab, type Look, type LookContext } from './show.ts';
import { createBoard, type Board } from './table.ts';
import { ensureTools, type EnsureOptions } from './tools/ensure.ts';
import { say, type Witness } from './witness/witness.ts';

/** Where a lab speaks: people read stderr, programs stdout. */
export interface Voices {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export type ExitCode = 0 | 1 | 130;

const LOOK_EVERY_MS = 500;

/** Brings a lab up, rolls the asked nodes, and stays until the signal or, with --once, until all are back. */
export async function runLab(
  args: LabArgs,
  voices: Voices,
  signal: AbortSignal,
): Promise<ExitCode> {
  const board = createBoard(voices.stderr);
  const startedAtMs = Date.now();
  const log = (line: string) =>
    board.say([`${((Date.now() - startedAtMs) / 1_000).toFixed(1).padStart(6)} s  ${line}`]);
  const dir = await openDir(args.dir);
  const slack = await SlackReceiver.start((body) => log(`slack: ${textIn(body)}`));
  let lab: Lab | undefined;
  let control: { close(): unknown } | undefined;
  let code: ExitCode = 1;
  try {
    const tools = await ensureTools({ log, signal });
    const fromMs = Date.now();
    const policy = policyText(args.downForMs, 'slack');
    const workerEnv = { [SLACK_VARIABLE]: slack.url };
    lab = await startLab({
      ...args,
      dir,
      tools,
      policy,
      workerEnv,
      ...(await temporalOf(args, { log, signal })),
      log,
      signal,
    });
    log(`the lab is up, ${seconds(Date.now() - fromMs)} after the tools were there`);
    board.say(welcome(lab, tools, process.env['PATH'] ?? ''));
    control = await openControl(lab, log);
    code = await roll(args, lab, { board, voices, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    code = 130;
  } finally {
    control?.close();
    const picture = await drawAndStop(lab, startedAtMs, log);
    await slack.die();
    const keep = args.keep || (code === 1 && (await hasLogs(dir)));
    if (keep) log(`everything it wrote is in ${dir}`);
    else await removeDir(dir);
    if (picture !== undefined) log(picture);
  }
  return code;
}

/** Answers with where it is drawn what has happened; undefined where there was no lab. */
async function drawAndStop(
  lab: Lab | undefined,
  startedAtMs: number,
  log: (line: string) => void,
): Promise<string | undefined> {
  if (!lab) return undefined;
  const picture = await drawHistory(lab, startedAtMs);
  log('stopping');
  await lab.stop();
  return picture;
}

async function temporalOf({ temporal }: LabArgs, options: EnsureOptions) {
  return temporal === 'embedded' ? { embedded: await embeddedTemporal(options, { ui: true }) } : {};
}

/** For a second terminal. A lab goes on without one, as where the path of its directory is too long for a socket. */
async function openControl(lab: Lab, log: (line: string) => void) {
  try {
    return await serveControl(lab.cluster.dir, async (command) => {
      const said = await obey(lab, command);
      log(`from another terminal: ${said}`);
      return said;
    });
  } catch (error) {
    log(`no other terminal can tell this lab anything: ${messageOf(error)}`);
    return undefined;
  }
}

/** What people would read. */
function textIn(body: string): string {
  const { text = body } = JSON.parse(body) as { text?: string };
  return text;
}

interface Scene {
  readonly board: Board;
  readonly voices: Voices;
  readonly signal: AbortSignal;
}

async function roll(args: LabArgs, lab: Lab, scene: Scene): Promise<ExitCode> {
  const { cluster, fleet, witness } = lab;
  witness.onViolation((violation) => scene.board.say(['', `!!! ${say(violation)}`, '']));
  const rollouts = await connectRollouts(cluster.temporalAddress, cluster.temporalNamespace);
  const pods = startPodCount(fleet.kube);
  const died = new AbortController();
  void cluster.died.then((line) => died.abort(new Error(line)));
  const signal = AbortSignal.any([scene.signal, died.signal]);
  try {
    const asked = await askForReboots(args, lab);
    const context = { lab, rollouts, pods, completed: new Map(), ...asked };
    const code = await watch(args, context, { ...scene, signal });
    if (died.signal.aborted) throw died.signal.reason;
    return code === 0 && witness.violations.length > 0 ? 1 : code;
  } finally {
    await pods.stop();
    await rollouts.close();
  }
}

/** Creates the sentinel files, and remembers how things stood before. */
async function askForReboots(
  { reboot }: LabArgs,
  { fleet }: Lab,
): Promise<Pick<LookContext, 'askedAtMs' | 'schedulableBefore'>> {
  const schedulableBefore = new Map(
    fleet.nodes.map((node) => [node, fleet.evidence.node(node)?.unschedulable !== true]),
  );
  const askedAtMs = new Map<string, number>();
  for (const node of fleet.nodes.slice(0, reboot)) {
    askedAtMs.set(node, Date.now());
    await fleet.machine(node).requireReboot();
  }
  return { askedAtMs, schedulableBefore };
}

async function watch(args: LabArgs, context: LookContext, scene: Scene): Promise<ExitCode> {
  const { board, signal } = scene;
  const fromMs = Date.now();
  const deadlineMs = fromMs + (args.deadlineMs ?? defaultDeadlineMs(args));
  let last: Look | undefined;
  let told = args.reboot === 0;
  while (!signal.aborted) {
    const look = await lookAtLab(context, Date.now());
    last = look;
    board.show(look.rows);
    const allBack = look.ends.every((end) => !end.asked || isSettled(end));
    if (args.once && (allBack || Date.now() > deadlineMs))
      return finish(args, scene, { look, allBack, fromMs, lab: context.lab });
    if (allBack && !told) {
      told = true;
      const violations = context.lab.witness.violations.map(say);
      board.say(summary(labResult(look.ends, elapsed(fromMs), violations), 'Ctrl-C ends the lab.'));
    }
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return args.once || last === undefined ? 130 : 0;
}

/** Generous: what one node needs on a slow machine, for all of them one after the other. */
function defaultDeadlineMs({ reboot, downForMs }: LabArgs): number {
  return 120_000 + reboot * (60_000 + 2 * downForMs);
}

interface Finish {
  readonly look: Look;
  readonly allBack: boolean;
  readonly fromMs: number;
  readonly lab: Lab;
}

async function finish(
  args: LabArgs,
  { board, voices }: Scene,
  { look, allBack, fromMs, lab }: Finish,
): Promise<ExitCode> {
  const seconds = elapsed(fromMs);
  const violations = await lastWord(lab.witness);
  const result = labResult(look.ends, seconds, violations);
  const after = formatDuration(result.seconds * 1_000);
  const late = allBack ? '' : `given up after ${after}; the logs are in ${lab.cluster.logsDir}`;
  board.say(summary(result, late));
  if (args.json) voices.stdout.write(`${JSON.stringify(result)}\n`);
  return result.ok ? 0 : 1;
}

/** Everything the witness saw broken, a sentence each. */
async function lastWord(witness: Witness): Promise<string[]> {
  try {
    await witness.finish();
  } catch (error) {
    // A witness that broke down itself has not seen that all is well.
    if (witness.violations.length === 0) throw error;
  }
  return witness.violations.map(say);
}

/** What went wrong, a line per node, or that nothing did. */
function summary(result: LabResult, more: string): string[] {
  const rebooted = result.nodes.filter(({ outcome }) => outcome === 'rebooted').length;
  const bad = result.nodes.filter((node) => !isGood(node));
  const first = result.ok
    ? `${rebooted === 1 ? '1 node' : `${rebooted} nodes`} rebooted exactly once and in service again, after ${result.seconds} s`
    : `not as it should be:`;
  return [
    '',
    first,
    ...(result.violations ?? []).map((violation) => `  ${violation}`),
    ...bad.map(({ name, outcome, because }) => `  ${name}: ${outcome}: ${because}`),
    ...(more ? [more] : []),
  ];
}

function elapsed(fromMs: number): number {
  return Math.round((Date.now() - fromMs) / 100) / 10;
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}
