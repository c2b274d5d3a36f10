import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const CHART = fileURLToPath(new URL('chart', import.meta.url));
export const SCHEMA = fileURLToPath(new URL('chart/values.schema.json', import.meta.url));
/** The chart as `kubectl apply -f` takes it. */
export const MANIFESTS = fileURLToPath(new URL('lockkeeper.yaml', import.meta.url));

/** In the manifests, for a person to replace: a name that nobody can ever register (RFC 2606). */
export const NO_REGISTRY = 'your-registry.invalid';

const HEAD = `# Made of deploy/chart with its default values, by npm run -s manifests: change those instead.
# Before \`kubectl apply -f\`: our two images, the policy.
`;

/** Runs Helm and answers with what it printed; rejects with its own words. */
export async function helm(
  program: string,
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly signal?: AbortSignal;
    readonly cwd?: string;
  } = {},
): Promise<string> {
  try {
    const { stdout } = await run(program, args, { ...options, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stderr, stdout } = error as { stderr?: string; stdout?: string };
    const said = `${stdout ?? ''}${stderr ?? ''}`.trim();
    throw new Error(`helm ${args[0]}: ${said || String(error)}`, { cause: error });
  }
}

/** The chart rendered with these settings, as `--set` takes them, without its hooks. */
export function renderChart(program: string, ...settings: readonly string[]): Promise<string> {
  const place = ['--namespace', 'lockkeeper', '--no-hooks'];
  const set = settings.flatMap((setting) => ['--set', setting]);
  return helm(program, ['template', 'lockkeeper', CHART, ...place, ...set]);
}

/** What deploy/lockkeeper.yaml has to be: the default values, and the namespace that Helm makes by itself. */
export async function renderManifests(program: string): Promise<string> {
  return `${HEAD}${guardsFirst(await renderChart(program, 'namespace.create=true', `image.registry=${NO_REGISTRY}`))}`;
}

/**
 * kubectl applies one object after the other: what bounds a right comes before who is given it. Helm puts last what it has no
 * place for, and these are among it.
 */
function guardsFirst(text: string): string {
  const documents = text.split(/^---\n/m).slice(1);
  const inOrder = [
    ...documents.filter(isGuard),
    ...documents.filter((document) => !isGuard(document)),
  ];
  return inOrder.map((document) => `---\n${document}`).join('');
}

function isGuard(document: string): boolean {
  return /^kind: ValidatingAdmissionPolicy/m.test(document);
}
