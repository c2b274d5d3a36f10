import { once } from 'node:events';
import { statSync } from 'node:fs';
import { Command } from 'commander';
import { messageOf } from '../domain/message-of.ts';
import { CommandFailed, EXIT, wrongOption, type Terminal } from './terminal.ts';

interface CodecServerOptions {
  readonly address: { readonly host: string; readonly port: number };
  readonly allowHost: readonly string[];
  readonly allowOrigin: readonly string[];
}

const EXAMPLES = `
Needs the keys of the worker in LOCKKEEPER_PAYLOAD_KEY_FILE, a file that only you may read. It asks nobody who they are, so
let nobody reach it but yourself. It answers under the names of this machine and those that are allowed, takes POST of
application/json up to 8 MB, and runs until Ctrl-C.

Examples:
  npm run -s lockkeeper -- codec-server
  temporal workflow show --workflow-id node-rollout/worker-7 --codec-endpoint http://127.0.0.1:8234
  In the Web UI: the glasses at the top, "Use my browser setting", http://127.0.0.1:8234

Exit codes:
  ${EXIT.ok}  it was told to stop
  ${EXIT.failed}  there are no keys, or the address is taken
  ${EXIT.usage}  an option is wrong`;

/** `lockkeeper codec-server`: lets Temporal's Web UI and CLI read what is encrypted. */
export function codecServerCommand(terminal: Terminal): Command {
  return new Command('codec-server')
    .description("Decrypts for Temporal's Web UI and CLI what Temporal keeps encrypted.")
    .option('--address <host:port>', 'where to listen', readAddress, readAddress('127.0.0.1:8234'))
    .option('--allow-host <name...>', 'other names under which it may be asked', [])
    .option(
      '--allow-origin <url...>',
      'Web UIs that may ask (default: those of a server on this machine)',
      ['http://127.0.0.1:8233', 'http://localhost:8233'],
    )
    .addHelpText('after', EXAMPLES)
    .action(async (options: CodecServerOptions) => {
      await runCodecServer(options, terminal);
    });
}

async function runCodecServer(
  { address, allowHost: allowHosts, allowOrigin: allowOrigins }: CodecServerOptions,
  terminal: Terminal,
): Promise<void> {
  const { codecOf } = await import('../worker/encryption/codec.ts');
  const { serveCodec } = await import('../worker/encryption/codec-server.ts');
  try {
    const codec = codecOf(process.env);
    if (codec === undefined) {
      throw new Error('LOCKKEEPER_PAYLOAD_KEY_FILE is not set: name the file with the keys');
    }
    warnOfReaders(terminal);
    const server = await serveCodec(codec, { ...address, allowHosts, allowOrigins });
    terminal.out(`decrypting at http://${address.host}:${address.port} until Ctrl-C\n`);
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    server.close();
    server.closeAllConnections();
  } catch (error) {
    throw new CommandFailed([messageOf(error)]);
  }
}

/** A warning only: a Secret that is mounted into a pod is its group's, or everybody's there. */
function warnOfReaders(terminal: Terminal): void {
  const path = process.env['LOCKKEEPER_PAYLOAD_KEY_FILE'] ?? '';
  if ((statSync(path).mode & 0o077) === 0) return;
  terminal.err(`${path}: others than its owner may use the keys; chmod 600 ${path}\n`);
}

function readAddress(text: string): CodecServerOptions['address'] {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) {
    throw wrongOption('--address', `write an address like 127.0.0.1:8234, not "${text}"`);
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
