import { secretsOf, type Receiver } from '../../domain/notifications/receivers.ts';
import { BadAddress } from '../../domain/notifications/services/address.ts';
import { translate } from '../../domain/notifications/services/translate.ts';
import type { Secrets } from '../secrets.ts';

/** Why a receiver cannot be told as things are: a secret is missing, or is no address. Asks nobody, and names no secret. */
export async function whyNotReady(
  receiver: Receiver,
  secrets: Secrets,
): Promise<string | undefined> {
  const { target } = receiver;
  try {
    for (const secret of secretsOf(receiver)) await secrets.read(secret);
    if (target.kind === 'url') translate(await secrets.read(target.address), '');
    return undefined;
  } catch (error) {
    if (error instanceof BadAddress) return `its address cannot be used: ${error.message}`;
    return error instanceof Error ? error.message : 'its secret cannot be read';
  }
}
