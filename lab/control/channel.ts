import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { messageOf } from '../../domain/message-of.ts';
import { OWN_DIR } from '../dir.ts';
import { readCommand, type LabCommand } from './commands.ts';

/** How a second terminal reaches a lab: a socket in its directory, for nobody but the lab's own user. */

/** The words of a command, as they were written. */
export interface Words {
  readonly verb: string;
  readonly what: string;
}

export interface Said {
  readonly ok: boolean;
  readonly said: string;
}

const socketIn = (dir: string): string => join(resolve(dir), 'control.sock');

/** Obeys whoever may open the socket, until it is closed. */
export async function serveControl(
  dir: string,
  obey: (command: LabCommand) => Promise<string>,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    // Whoever asked may have gone.
    socket.on('error', () => undefined);
    void text(socket)
      .then(async (asked): Promise<Said> => {
        const { verb, what } = JSON.parse(asked) as Words;
        const command = readCommand(verb, what);
        if ('rule' in command) return { ok: false, said: command.rule };
        return { ok: true, said: await obey(command) };
      })
      .catch((error: unknown): Said => ({ ok: false, said: messageOf(error) }))
      .then((said) => socket.end(JSON.stringify(said)));
  });
  const before = process.umask(0o177);
  try {
    server.listen(socketIn(dir));
  } finally {
    process.umask(before);
  }
  await once(server, 'listening');
  return server;
}

/** Tells the lab in `dir`, or the only one that runs without a directory of a person's choice. */
export async function tellLab(words: Words, dir: string | undefined): Promise<Said> {
  if (dir !== undefined) {
    return (await ask(dir, words)) ?? { ok: false, said: `no lab runs in ${resolve(dir)}` };
  }
  const running: string[] = [];
  for (const candidate of await ownDirs()) if (await answers(candidate)) running.push(candidate);
  const [only, another] = running;
  if (another !== undefined) {
    const all = running.join(' or ');
    return { ok: false, said: `several labs run: choose one with --dir ${all}` };
  }
  const said = only === undefined ? undefined : await ask(only, words);
  return said ?? { ok: false, said: NONE };
}

const NONE =
  'no lab runs: npm run lab starts one, and one that was started with --dir is told with the same --dir';

/** Directories of labs of this user, whether one still runs there or not. */
async function ownDirs(): Promise<string[]> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(OWN_DIR));
  const dirs = names.map((name) => join(tmpdir(), name));
  const owners = await Promise.all(
    dirs.map((dir) =>
      stat(dir).then(
        ({ uid }) => uid,
        () => undefined,
      ),
    ),
  );
  return dirs.filter((_, at) => owners[at] === process.getuid?.());
}

async function answers(dir: string): Promise<boolean> {
  const socket = connect(socketIn(dir));
  const isThere = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isThere;
}

/** Undefined where nobody listens, or the lab ends before it answers. */
async function ask(dir: string, words: Words): Promise<Said | undefined> {
  try {
    const socket = connect(socketIn(dir));
    await once(socket, 'connect');
    socket.end(JSON.stringify(words));
    return JSON.parse(await text(socket)) as Said;
  } catch {
    return undefined;
  }
}
