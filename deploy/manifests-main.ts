import { writeFile } from 'node:fs/promises';
import { ensureTool } from '../lab/tools/ensure.ts';
import { MANIFESTS, renderManifests, SCHEMA } from './helm.ts';
import { valuesSchema } from './values.ts';

const HELP = `npm run -s manifests

Makes deploy/chart/values.schema.json of deploy/values.ts and the policy, then deploy/lockkeeper.yaml of the chart.
Fetches Helm first where it is not there. Tests compare both files with what this makes.
`;

if (process.argv.length > 2) {
  process.stdout.write(HELP);
  process.exit(process.argv.includes('--help') ? 0 : 2);
}
const { signal } = new AbortController();
const helm = await ensureTool('helm', { log: (line) => console.error(line), signal });
await writeFile(SCHEMA, `${JSON.stringify(valuesSchema(), undefined, 2)}\n`);
await writeFile(MANIFESTS, await renderManifests(helm));
