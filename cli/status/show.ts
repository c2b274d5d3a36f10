import { messageOf } from '../../domain/message-of.ts';
import { openTemporal } from '../temporal.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { gather } from './gather.ts';
import { printStatus } from './print.ts';

export interface StatusOptions {
  readonly json?: true;
}

/** Connects, looks and prints; whatever is in the way is a CommandFailed. */
export async function showStatus({ json }: StatusOptions, terminal: Terminal): Promise<void> {
  const { client, connection } = await openTemporal(process.env);
  try {
    const seen = await gather(client, () => terminal.nowMs());
    terminal.out(json ? `${JSON.stringify(seen, undefined, 2)}\n` : printStatus(seen));
  } catch (error) {
    throw new CommandFailed([`Temporal does not say how things are: ${messageOf(error)}`]);
  } finally {
    await connection.close();
  }
}
