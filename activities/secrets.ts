import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  pathProblem,
  sayPlace,
  SECRET_DIRECTORIES,
  variableProblem,
  type Secret,
} from '../domain/secret-schema.ts';
import { readRegularFile } from './regular-file.ts';

/** Finds secrets where the policy says they are: in the environment of the worker, or in files mounted into it. */
export interface Secrets {
  /** Rejects with NoSecret when it is not there, or not for the policy. */
  read(secret: Secret): Promise<string>;
}

/** A secret cannot be had; says where it was looked for, and never what was found there. */
export class NoSecret extends Error {}

/** As much as a Secret of Kubernetes holds. */
const MOST_BYTES = 1_000_000;

/** The Secrets of this environment, and of files in these directories and nowhere else. */
export function secretsOf(
  environment: NodeJS.ProcessEnv,
  directories: readonly string[] = SECRET_DIRECTORIES,
): Secrets {
  return {
    async read(secret) {
      return 'variable' in secret
        ? fromEnvironment(environment, secret.variable)
        : await fromFile(secret.file, { environment, directories });
    },
  };
}

function fromEnvironment(environment: NodeJS.ProcessEnv, variable: string): string {
  refuse({ variable }, variableProblem(variable));
  const value = environment[variable]?.trim();
  if (!value) throw new NoSecret(`the worker has no environment variable ${variable}`);
  return value;
}

function refuse(place: Secret, problem: string | undefined): void {
  if (problem !== undefined) throw new NoSecret(`${sayPlace(place)} is not read: ${problem}`);
}

interface Around {
  readonly environment: NodeJS.ProcessEnv;
  readonly directories: readonly string[];
}

async function fromFile(file: string, around: Around): Promise<string> {
  refuse({ file }, pathProblem(file) ?? placeProblem(file, around.directories));
  const text = (await contentOf(file, (real) => judgeReal(file, real, around))).trim();
  if (text === '') throw new NoSecret(`${file} is empty`);
  return text;
}

/** Links are resolved, and what they lead to is judged as if it had been written. */
async function judgeReal(file: string, real: string, around: Around): Promise<void> {
  const roots = await Promise.all(around.directories.map(realOr));
  refuse({ file }, pathProblem(real) ?? placeProblem(real, roots));
  refuse({ file }, await ownProblem(real, around.environment));
}

function placeProblem(path: string, directories: readonly string[]): string | undefined {
  if (directories.some((directory) => path.startsWith(`${directory.replace(/\/+$/, '')}/`))) {
    return undefined;
  }
  return `write a file in ${directories.join(' or ')}, or have its directory named in LOCKKEEPER_SECRET_DIRS`;
}

/** Name places, and nothing that lets anybody in. */
const NO_CREDENTIALS =
  /^LOCKKEEPER_(POLICY|WORKFLOW_BUNDLE|SECRET_DIRECTORIES)$|^TEMPORAL_TLS_SERVER_CA_/;

/** A Secret is mounted as a directory: what lies beside the worker's own credentials is of the same one. */
async function ownProblem(
  real: string,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  for (const [name, value = ''] of Object.entries(environment)) {
    if (variableProblem(name) === undefined || NO_CREDENTIALS.test(name)) continue;
    for (const path of value.split(':').filter((part) => part.startsWith('/'))) {
      if (dirname(await realOr(path)) === dirname(real)) {
        return `write a file of another directory than that of ${name}, which is the worker's own`;
      }
    }
  }
  return undefined;
}

const realOr = (path: string): Promise<string> => realpath(path).catch(() => path);

/** The text of a file that may lie anywhere, as certificates of authorities do, for they are no secret. */
export async function contentOf(
  path: string,
  judge: (real: string) => Promise<void> = async () => undefined,
): Promise<string> {
  const real = await realpath(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  await judge(real);
  return await readRegularFile(real, MOST_BYTES).catch((error: unknown) => {
    throw unreadable(path, error);
  });
}

function unreadable(path: string, error: unknown): NoSecret {
  const { code, message } = error as NodeJS.ErrnoException;
  return new NoSecret(`${path} cannot be read (${code ?? message})`, { cause: error });
}

/** The secrets that were read for one message or question, so that nothing that is said repeats them. */
export class Revealed {
  private readonly secrets: Secrets;
  private readonly hidden = new Set<string>();

  constructor(secrets: Secrets) {
    this.secrets = secrets;
  }

  async read(secret: Secret): Promise<string> {
    const value = await this.secrets.read(secret);
    this.hide(value);
    return value;
  }

  /** Hides this text as well, and its parts: whoever is asked may repeat a part of its address only. */
  hide(text: string): void {
    const parts = text.split(/[^A-Za-z0-9_.~-]+/).filter((part) => part.length >= SHORTEST_PART);
    for (const form of [text, encoded(text), ...parts]) {
      if (form.length >= SHORTEST_WHOLE) this.hidden.add(form);
    }
  }

  /** The words without any secret. */
  redact(words: string): string {
    return [...this.hidden]
      .toSorted((one, other) => other.length - one.length)
      .reduce((left, secret) => left.replaceAll(secret, '…'), words);
  }
}

/** Shorter ones are no secrets, and would be found anywhere. */
const SHORTEST_WHOLE = 4;
const SHORTEST_PART = 6;

const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());
