import { writeFileSync } from 'node:fs';
import { configurationPage } from './configuration-page.ts';

/** `npm run -s docs:configuration`: writes docs/configuration.md. */
const path = new URL('configuration.md', import.meta.url);
writeFileSync(path, configurationPage());
process.stdout.write('wrote docs/configuration.md\n');
