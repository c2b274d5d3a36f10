import { rolloutId } from '../../domain/names.ts';
import { call } from '../../lab/cluster/http.ts';
import { aborted } from '../../lab/fleet/fleet.ts';
import { runProgram } from '../../lab/program.ts';
import { missingPrograms } from '../../lab/tools/find.ts';
import { parseImagesArgs } from './args.ts';
import { areComplete, baseImages, type BaseImages } from '../../lab/images/base.ts';
import { checkHealth, statusOf } from './container.ts';
import {
  baseOf,
  buildImage,
  COMPONENTS,
  factsOf,
  imageOf,
  buildAlone,
} from '../../lab/images/build.ts';
import { limitInForce } from './memory.ts';
import { NAMES, NODE } from './names.ts';
import { ImageScene } from './scene.ts';
import { interruption } from '../../lab/images/tool.ts';

const startedAt = performance.now();
const say = (line: string): void => {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6);
  process.stdout.write(`${seconds} s  ${line}\n`);
};

function expectEqual(what: string, is: unknown, expected: unknown): void {
  if (is !== expected) throw new Error(`${what} is ${String(is)}, not ${String(expected)}`);
  say(`${what} is ${String(is)}`);
}

async function runAll(given: Partial<BaseImages>, signal: AbortSignal): Promise<number> {
  signal.addEventListener('abort', () => interruption.abort(signal.reason));
  const needed = ['buildah', 'podman', ...(areComplete(given) ? [] : ['mmdebstrap'])];
  const missing = await missingPrograms(needed);
  if (missing.length > 0) {
    process.stderr.write(`nothing was tried: ${missing.join(', ')} missing; see --help\n`);
    return 1;
  }
  return buildAlone({ log: say, signal }, async () => {
    const images = await baseImages(given, say);
    for (const name of COMPONENTS) {
      say(`building the ${name}`);
      await buildImage(name, images);
    }
    await lookAtImages(images);
    await runThem(images);
    say('all is well');
    return 0;
  });
}

/** Without their base, in MB, with room for new versions: what breaks them is a compiler or a second native library. */
const AT_MOST_MB = { worker: 240, agent: 140 } as const;

async function lookAtImages(images: BaseImages): Promise<void> {
  const users = { worker: '65532:65532', agent: '0:0' };
  for (const name of COMPONENTS) {
    const { user, labels, megabytes, hasHealthcheck } = await factsOf(imageOf(name));
    expectEqual(`the user of the ${name}'s image`, user, users[name]);
    const version = 'org.opencontainers.image.version';
    expectEqual(`its label ${version}`, labels[version], '0.0.0-test');
    expectEqual('whether it has a health check', hasHealthcheck, name === 'worker');
    const base = (await factsOf(baseOf(name, images))).megabytes;
    const own = megabytes - base;
    say(`${name}: ${megabytes} MB, of which ${base} are the base and ${own} are ours`);
    if (own > AT_MOST_MB[name]) {
      throw new Error(`the ${name}'s image has more than ${AT_MOST_MB[name]} MB of ours`);
    }
  }
}

/** Of capabilities, as the kernel writes it. */
const NONE = '0000000000000000';

async function runThem(images: BaseImages): Promise<void> {
  say('starting a lab without processes of ours');
  const scene = await ImageScene.open(say);
  const trouble = await Promise.race([rollOnce(scene, images), aborted(interruption.signal)]).catch(
    (error: unknown) => ({ error }),
  );
  if (trouble && !interruption.signal.aborted) {
    say(`what everybody said is in ${await scene.keepLogs()}`);
  }
  try {
    await scene.close();
  } catch (error) {
    // What came first is the reason of what came after.
    throw trouble ? trouble.error : error;
  }
  if (trouble) throw trouble.error;
}

async function rollOnce(scene: ImageScene, images: BaseImages): Promise<void> {
  await startThem(scene, images);
  const ui = await scene.startUi(images.ui);
  await lookAtProcesses();
  await checkHealth(NAMES.worker);
  say('the health check of the image finds the worker well, where this one listens');
  await scene.untilOrdered();
  await expectStatus(scene, new RegExp(`^${NODE} +workers +(ordering|rebooting) `, 'm'));
  const outcome = await scene.rebootWithoutTemporal();
  say('Temporal was killed, has missed the reboot, and knows what it knew before');
  expectEqual('the outcome of the rollout', outcome, 'rebooted');
  await expectStatus(scene, /^no rollout is running$/m);
  await expectInUi(ui, rolloutId(NODE));
  for (const name of [NAMES.agent, NAMES.worker, NAMES.temporal]) {
    say(`${name}: ${(await statusOf(name)).get('VmRSS')} resident`);
  }
  say(`lockkeeper uninstall --dry-run in the worker's image: ${await scene.uninstallDryRun()}`);
}

/** Only a scan that has ended tells of the policy, and only a lock that answers of its pool. */
async function expectStatus(scene: ImageScene, story: RegExp): Promise<void> {
  const policy = /^policy: \w+ is in force at lockkeeper@/;
  const pool = /^pool workers: 0 permits not yet used, 0 waiting$/m;
  const status = await scene.status();
  const missing = [policy, pool, story].filter((words) => !words.test(status));
  if (missing.length > 0) {
    throw new Error(`${missing.join(', ')} is not in what lockkeeper status has said:\n${status}`);
  }
  say(`lockkeeper status, in the worker's container, says ${story.exec(status)?.[0].trim()}`);
}

async function expectInUi(ui: string, workflowId: string): Promise<void> {
  const { signal } = interruption;
  const shown = `${ui}/api/v1/namespaces/default/workflows`;
  const { status, text } = await call(shown, { signal });
  if (status !== 200 || !text.includes(workflowId)) throw new Error(`${shown} has said ${text}`);
  expectEqual('the status of the page of the Web UI', (await call(ui, { signal })).status, 200);
  say(`the Web UI knows ${workflowId}`);
}

async function startThem(scene: ImageScene, { init, temporal }: BaseImages): Promise<void> {
  await scene.startInit(init);
  const unlimited = await scene.limitMemory(init);
  if (unlimited !== undefined) {
    say(`memory limits of the manifests are NOT tried, this machine refuses them: ${unlimited}`);
  }
  await scene.startAgent();
  say('the agent has reported');
  say(`the init container says: ${await scene.startTemporal(temporal)}`);
  say('Temporal is healthy by its probe');
  await scene.startWorker();
  say('the worker is ready');
  if (unlimited !== undefined) return;
  for (const [name, kind] of [
    ['agent', 'DaemonSet'],
    ['worker', 'StatefulSet'],
    ['temporal', 'StatefulSet'],
  ] as const) {
    const limit = scene.memoryLimit(kind, name);
    expectEqual(`${name}: the memory limit in force`, await limitInForce(NAMES[name]), limit);
  }
}

async function lookAtProcesses(): Promise<void> {
  for (const name of [NAMES.agent, NAMES.worker, NAMES.temporal, NAMES.ui]) {
    const status = await statusOf(name);
    for (const set of ['CapEff', 'CapPrm', 'CapBnd']) {
      expectEqual(`${name} ${set}`, status.get(set), NONE);
    }
    expectEqual(`${name} NoNewPrivs`, status.get('NoNewPrivs'), '1');
    expectEqual(`${name} Seccomp (2: filtered)`, status.get('Seccomp'), '2');
    say(`${name}: ${status.get('VmRSS')} resident`);
  }
}

// exit(), not exitCode: what waits for a node need not be waited for when this was stopped.
process.exit(
  await runProgram(parseImagesArgs(process.argv.slice(2)), {
    run: runAll,
    ending: 'cleaning up',
    mustFinish: true,
  }),
);
