import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { KeyFile, type Keys } from './keys.ts';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** As in Temporal's own samples, so that other tools with the same key can read it. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts every payload with AES-256-GCM before it leaves the process: Temporal keeps what it cannot read. What is not
 * encrypted, such as the input of a rollout that a person started by hand, is taken as it is.
 */
export class EncryptionCodec implements PayloadCodec {
  private readonly keys: Keys;

  constructor(keys: Keys) {
    this.keys = keys;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.encrypt(payload));
  }

  /** Rejects when the key is missing or the payload was tampered with. */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.decrypt(payload));
  }

  private encrypt(payload: Payload): Payload {
    const { id, secret } = this.keys.current();
    // 96 random bits: one key is good for some billions of payloads.
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, secret, nonce);
    const text = Buffer.concat([
      cipher.update(PayloadMessage.encode(payload).finish()),
      cipher.final(),
    ]);
    return {
      metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id) },
      data: Buffer.concat([nonce, text, cipher.getAuthTag()]),
    };
  }

  private decrypt(payload: Payload): Payload {
    const { metadata = {}, data } = payload;
    if (textOf(metadata?.['encoding']) !== ENCODING) return payload;
    const id = textOf(metadata?.[KEY_ID]);
    const key = this.keys.of(id);
    if (key === undefined) throw new Error(`there is no key with the id "${id}" here`);
    const bytes = Buffer.from(data ?? []);
    const decipher = createDecipheriv(CIPHER, key.secret, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
    return PayloadMessage.decode(Buffer.concat([decipher.update(text), decipher.final()]));
  }
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

/** The codec of whoever has LOCKKEEPER_PAYLOAD_KEY_FILE set; undefined for others. Throws BadKeyFile. */
export function codecOf(env: NodeJS.ProcessEnv): EncryptionCodec | undefined {
  const path = env['LOCKKEEPER_PAYLOAD_KEY_FILE'];
  return path ? new EncryptionCodec(new KeyFile(path)) : undefined;
}
