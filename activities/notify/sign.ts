import { createHmac } from 'node:crypto';

/**
 * The headers of a signed webhook, as https://www.standardwebhooks.com has them: HMAC-SHA256 over id, time and body, so that
 * neither can be changed and an old message can be told from a new one.
 */
export function signed(
  { id, atMs, body }: { id: string; atMs: number; body: string },
  secret: string,
): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1_000));
  const signature = createHmac('sha256', keyOf(secret))
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

/** Secrets that begin with whsec_ are written in base64. */
function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret, 'utf8');
}
