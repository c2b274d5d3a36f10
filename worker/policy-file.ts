import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { messageOf } from '../domain/message-of.ts';
import { readPolicy } from '../domain/policy-text.ts';
import { NO_POLICY, type Policy } from '../domain/policy.ts';

/** The text is not a policy: every problem, as "policy.yaml:14 path: rule". */
export class BadPolicy extends Error {
  readonly problems: readonly string[];

  constructor(path: string, problems: readonly string[]) {
    super(`${path} is refused: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

interface Loaded {
  readonly policy: Policy;
  readonly hash: string;
}

/** Reads the policy at `path`, or throws BadPolicy with everything that is wrong with it. */
export function loadPolicy(path: string): Loaded {
  return understood(path, readText(path));
}

function understood(path: string, text: string): Loaded {
  const read = readPolicy(text, basename(path));
  if (read.kind === 'refused') throw new BadPolicy(path, read.problems);
  return { policy: read.policy, hash: policyHash(text) };
}

/** Names a policy by how it is written. */
export const policyHash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 12);

interface Watcher {
  /** Another policy is in force. */
  readonly changed: (policy: Policy, hash: string) => void;
  /** The file is bad; what was in force stays so. Called once for each bad text. */
  readonly refused: (problem: BadPolicy) => void;
}

/** A ConfigMap is swapped by a symbolic link, which no file watcher reports reliably: the file is read again instead. */
const READ_AGAIN_MS = 5_000;

const NOTHING: Loaded = { policy: NO_POLICY, hash: 'none' };

/**
 * The policy in force: the last good one the file has held. Where it begins with a bad one that is none: no node is begun
 * with, and what is under way is finished.
 */
export class PolicyFile {
  private readonly path: string;
  private loaded: Loaded = NOTHING;
  /** What the file held when it was last read; undefined when it could not be. */
  private text: string | undefined;
  private problem: BadPolicy | undefined;
  /** The problem that was told last. */
  private told = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.path = path;
    this.load();
  }

  current(): Policy {
    return this.loaded.policy;
  }

  get hash(): string {
    return this.loaded.hash;
  }

  /** Why the file as it was last read is refused; undefined: it is what is in force. */
  get refusedBecause(): string | undefined {
    return this.problem?.message;
  }

  /** The same, each problem for itself. */
  get problems(): readonly string[] {
    return this.problem?.problems ?? [];
  }

  /** Why there is no policy to go by; undefined: there is one. */
  notInForce(): string | undefined {
    return this.loaded === NOTHING ? `no policy is in force: ${this.refusedBecause}` : undefined;
  }

  /** Tells of changes from now on, and of a file that was bad from the beginning. */
  watch(watcher: Watcher): void {
    this.readAgain(watcher);
    this.timer = setInterval(() => this.readAgain(watcher), READ_AGAIN_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Looks whether the file has changed. */
  readAgain({ changed, refused }: Watcher): void {
    const { hash } = this.loaded;
    this.load();
    if (this.loaded.hash !== hash) changed(this.loaded.policy, this.loaded.hash);
    const problem = this.problem;
    if (problem && problem.message !== this.told) refused(problem);
    this.told = problem?.message ?? '';
  }

  private load(): void {
    const before = this.text;
    this.text = undefined;
    try {
      this.text = readText(this.path);
      // Whatever there was to say of it has been said, and parsing is the dear part.
      if (this.text === before) return;
      this.loaded = understood(this.path, this.text);
      this.problem = undefined;
    } catch (error) {
      if (!(error instanceof BadPolicy)) throw error;
      this.problem = error;
    }
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new BadPolicy(path, [messageOf(error)]);
  }
}
