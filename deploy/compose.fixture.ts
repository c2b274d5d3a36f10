import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const FILE = fileURLToPath(new URL('../docker-compose.temporal.yml', import.meta.url));

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
}

/** docker-compose.temporal.yml, its merges resolved. */
export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export function readCompose(): Compose {
  return parse(readFileSync(FILE, 'utf8'), { merge: true }) as Compose;
}

/** What a shell of the container would run, as Compose hands it over. */
export function scriptOf({ command = [] }: Service): string {
  return command.join('\n').replaceAll('$$', '$');
}
