import { readFile } from 'node:fs/promises';
import type { Secret } from '../../domain/gates/secret-schema.ts';

/** Finds secrets where the policy says they are: in the environment of the worker, or in files mounted into it. */
export interface Secrets {
  /** Rejects when it is not there, in words without any secret. */
  read(secret: Secret): Promise<string>;
}

export function secretsOf(environment: NodeJS.ProcessEnv): Secrets {
  return {
    async read(secret) {
      return 'variable' in secret
        ? fromEnvironment(environment, secret.variable)
        : await fromFile(secret.file);
    },
  };
}

function fromEnvironment(environment: NodeJS.ProcessEnv, variable: string): string {
  const value = environment[variable]?.trim();
  if (!value) throw new Error(`the worker has no environment variable ${variable}`);
  return value;
}

async function fromFile(path: string): Promise<string> {
  const text = (await contentOf(path)).trim();
  if (text === '') throw new Error(`${path} is empty`);
  return text;
}

/** The text of a file; read every time, because mounted secrets are replaced while the worker runs. */
export async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw new Error(`${path} cannot be read (${code})`, { cause: error });
  }
}
