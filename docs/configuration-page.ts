import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { settings } from '../agent/config.ts';
import { policySchema } from '../domain/policy-schema.ts';
import { variables } from '../worker/config.ts';
import { keySections, type KeySection } from './configuration-keys.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A policy that has every key there is. */
export const everyKey = (): unknown =>
  parse(readFileSync(`${ROOT}docs/examples/every-key.yaml`, 'utf8'));

const HEAD = `# Configuration

<!-- Made by \`npm run -s docs:configuration\` from the schema of the policy, docs/examples/every-key.yaml and the settings of worker and agent. -->

What Lockkeeper does is written in **one policy file**; how worker and agent reach the rest of the world, in their environment.

## The policy file

\`\`\`yaml
timeZone: Europe/Zurich
pools:
  - name: workers
    nodes: '!node-role.kubernetes.io/control-plane'
    windows:
      - { days: [mon, tue, wed, thu, fri], start: '22:00', end: '04:00' }
\`\`\`

More to begin with, each held to the check by a test: [the first](examples/first.yaml),
[the working week](examples/working-week.yaml), [an annual plan](examples/annual-plan.yaml),
[several pools](examples/several-pools.yaml), [every kind of window](examples/several-kinds-of-windows.yaml) and
[every key](examples/every-key.yaml). What windows mean is in [windows.md](windows.md), what else a
rollout waits for in [gates.md](gates.md), what people are told in [notifications.md](notifications.md).

\`\`\`sh
npm run -s lockkeeper -- policy check policy.yaml                     # everything that is wrong, with line, path and rule
npm run -s lockkeeper -- windows --policy policy.yaml                 # when its pools are open
npm run -s lockkeeper -- policy schema > policy.schema.json           # for editors
npm run -s lockkeeper -- status                                       # which policy is in force, and what of it is refused
\`\`\`

- **It is read again within 5 s of a change** of the mounted file, without a restart; the kubelet takes up to a minute or so to
  bring the change of a ConfigMap there. Whatever decides next goes by
  it: what waits is woken by the next scan, at the latest after \`scanEvery\`.
- **A bad file changes nothing.** The last good one stays in force. The problem is logged once, counted, an Event on the worker's
  own pod, a message to those who want \`policyRefused\`, and in \`lockkeeper status\`.
- **A worker that starts with a bad file** has no policy in force, and says so at \`/readyz\`: it begins with no node and tells nobody,
  but brings back the nodes that are out already, by the defaults of \`reboot\`. What waits goes on waiting, with that reason. The
  first good file is in force within 5 s.
- **Unknown keys are refused**, so that a typing error cannot widen a window.
- **Durations** are written like \`90s\`, \`30m\`, \`1h30m\` or \`14d\`; **selectors** like \`kubectl -l\` takes them.
- **Secrets** are never written into it, only where the worker finds them: \`\${NAME}\` is a variable of its environment, \`{ file: … }\`
  a file that it can read.
- **Each node belongs to one pool.** Two pools whose selectors prove that a node could be in both are refused: the same selector,
  one within the other, or lists of the same label that overlap. Where each asks for a label of which the other says nothing
  (\`agentpool=workers\` and \`gpu=true\`), only the nodes can tell: one that is in both is left alone, which each scan says.
`;

const ENVIRONMENT = `## The worker's environment

Temporal is reached by the variables and the file of the \`temporal\` CLI: \`TEMPORAL_ADDRESS\`, \`TEMPORAL_NAMESPACE\`, \`TEMPORAL_API_KEY\`,
\`TEMPORAL_TLS_…\`. Kubernetes is reached by the pod's service account, or by \`KUBECONFIG\`.
`;

const AGENT = `## The agent's environment

Each can also be given as a flag, such as \`--period 5m\`; a flag wins.
`;

/** The whole of docs/configuration.md. */
export function configurationPage(): string {
  const policy = keySections(policySchema(), everyKey()).map(sectionOf);
  return [HEAD, ...policy, ENVIRONMENT, workerTable(), AGENT, agentTable()].join('\n');
}

function sectionOf({ paths: [path = '', ...others], rows }: KeySection): string {
  const title = path === '' ? '## Every key' : `### \`${path}\``;
  const also = others.map((other) => `\`${other}\``).join(', ');
  const head = others.length > 0 ? `${title}\n\nThe same in ${also}.` : title;
  const cells = rows.map(({ path: key, type, fallback, example, meaning }) => [
    `\`${key}\``,
    type,
    fallback,
    example,
    meaning,
  ]);
  return `${head}\n\n${table([['key', 'type', 'default', 'example', 'meaning'], ...cells])}`;
}

function workerTable(): string {
  const rows = variables().map(({ name, meaning, fallback = '' }) => [
    `\`${name}\``,
    fallback === '' ? '' : `\`${fallback.replace(ROOT, '')}\``,
    meaning,
  ]);
  return table([['variable', 'default', 'meaning'], ...rows]);
}

function agentTable(): string {
  const rows = settings().map(({ variable, fallback, help }) => [
    `\`${variable}\``,
    fallback === '' ? '' : `\`${fallback}\``,
    help,
  ]);
  return table([['variable', 'default', 'meaning'], ...rows]);
}

/** Its columns as wide as they have to be, as the formatter of this repository leaves them. */
function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = (cells[0] ?? []).map((_, at) =>
    Math.max(3, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = cells;
  const rule = widths.map((width) => '-'.repeat(width));
  return `${[head, rule, ...body].map(line).join('\n')}\n`;
}
