import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readPolicy } from '../domain/policy-text.ts';
import type { Policy } from '../domain/policy.ts';

/** The text is not a policy: every problem, as "policy.yaml:14 path: rule". */
export class BadPolicy extends Error {
  constructor(path: string, problems: readonly string[]) {
    super(`${path} is refused: ${problems.join('; ')}`);
  }
}

interface Loaded {
  readonly policy: Policy;
  readonly hash: string;
}

/** Reads the policy at `path`, or throws BadPolicy with everything that is wrong with it. */
export function loadPolicy(path: string): Loaded {
  const text = readText(path);
  const read = readPolicy(text, basename(path));
  if (read.kind === 'refused') throw new BadPolicy(path, read.problems);
  return {
    policy: read.policy,
    hash: createHash('sha256').update(text).digest('hex').slice(0, 12),
  };
}

interface Watcher {
  /** Another policy is in force. */
  readonly changed: (policy: Policy, hash: string) => void;
  /** The file is bad; what was in force stays so. Called once for each bad text. */
  readonly refused: (problem: Error) => void;
}

/** A ConfigMap is swapped by a symbolic link, which no file watcher reports reliably: the file is read again instead. */
const READ_AGAIN_MS = 5_000;

/** The policy in force: the last good one the file has held. */
export class PolicyFile {
  private readonly path: string;
  private loaded: Loaded;
  private problem = '';
  private timer: NodeJS.Timeout | undefined;

  /** Throws BadPolicy when there is no good policy to begin with. */
  constructor(path: string) {
    this.path = path;
    this.loaded = loadPolicy(path);
  }

  current(): Policy {
    return this.loaded.policy;
  }

  get hash(): string {
    return this.loaded.hash;
  }

  /** Why the file as it was last read is refused; undefined: it is what is in force. */
  get refusedBecause(): string | undefined {
    return this.problem || undefined;
  }

  watch(watcher: Watcher): void {
    this.timer = setInterval(() => this.readAgain(watcher), READ_AGAIN_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Looks whether the file has changed. */
  readAgain({ changed, refused }: Watcher): void {
    try {
      const loaded = loadPolicy(this.path);
      const isNew = loaded.hash !== this.loaded.hash;
      this.loaded = loaded;
      this.problem = '';
      if (isNew) changed(loaded.policy, loaded.hash);
    } catch (error) {
      const problem = error instanceof Error ? error : new Error(String(error));
      if (problem.message !== this.problem) refused(problem);
      this.problem = problem.message;
    }
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new BadPolicy(path, [error instanceof Error ? error.message : String(error)]);
  }
}
