import { readFileSync, statSync } from 'node:fs';
import { messageOf } from '../../domain/message-of.ts';

/** A file of keys that cannot be used; says which line and what the rule is. */
export class BadKeyFile extends Error {}

export interface PayloadKey {
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Buffer;
}

/** The keys of payloads. */
export interface Keys {
  /** What new payloads are encrypted with. */
  current(): PayloadKey;
  /** The key of a payload that has been encrypted; undefined when nobody here has it. */
  of(id: string): PayloadKey | undefined;
}

const LINE = /^([\w.-]{1,64})\s+([A-Za-z0-9+/]{43}=)$/;

/**
 * One key a line, its id and then 32 bytes in base64; the first encrypts, all decrypt. Lines that are empty or begin with #
 * are passed over. Throws BadKeyFile; no message repeats a key.
 */
export function parseKeys(text: string, path: string): PayloadKey[] {
  const keys: PayloadKey[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const written = line.trim();
    if (written === '' || written.startsWith('#')) continue;
    const [, id, secret] = LINE.exec(written) ?? [];
    if (id === undefined || secret === undefined) {
      throw new BadKeyFile(
        `${path}:${index + 1}: write an id and 32 bytes in base64, as in: 2027-01 $(openssl rand -base64 32)`,
      );
    }
    if (keys.some((key) => key.id === id)) {
      throw new BadKeyFile(`${path}:${index + 1}: there is another key with the id ${id}`);
    }
    keys.push({ id, secret: Buffer.from(secret, 'base64') });
  }
  if (keys.length === 0) throw new BadKeyFile(`${path}: there is no key in it`);
  return keys;
}

/** The keys of a file. It is read again when it has changed, so that a new key needs no restart. */
export class KeyFile implements Keys {
  private readonly path: string;
  private keys: readonly PayloadKey[];
  private readAt: string;

  /** Throws BadKeyFile. */
  constructor(path: string) {
    this.path = path;
    this.readAt = stampOf(path);
    this.keys = read(path);
  }

  current(): PayloadKey {
    this.readAgain();
    const [first] = this.keys;
    if (first === undefined) throw new BadKeyFile(`${this.path}: there is no key in it`);
    return first;
  }

  of(id: string): PayloadKey | undefined {
    this.readAgain();
    return this.keys.find((key) => key.id === id);
  }

  /** A file that is bad, or away while it is replaced, changes nothing. */
  private readAgain(): void {
    try {
      const stamp = stampOf(this.path);
      if (stamp === this.readAt) return;
      this.keys = read(this.path);
      this.readAt = stamp;
    } catch {
      // The next call looks again.
    }
  }
}

/** Another one when the file is another; a Secret is swapped by a link, so that even its inode changes. */
function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    throw new BadKeyFile(`LOCKKEEPER_PAYLOAD_KEY_FILE: ${messageOf(error)}`);
  }
}

function read(path: string): PayloadKey[] {
  try {
    return parseKeys(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof BadKeyFile) throw error;
    throw new BadKeyFile(`LOCKKEEPER_PAYLOAD_KEY_FILE: ${messageOf(error)}`);
  }
}
