import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';

/** A message as it came. */
export interface Posted {
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

/** A webhook like Slack's on 127.0.0.1, that remembers what was posted to it and can be out of order. */
export class SlackReceiver {
  /** What it has taken, in order. */
  readonly taken: Posted[] = [];
  /** How many requests have come, whatever became of them. */
  asked = 0;
  /** Part of its address, and known to nobody else. */
  readonly secret = `T0PS3CRET${randomBytes(12).toString('hex')}`;
  private behaviour: 'takes' | 'hangs' = 'takes';
  private readonly server = createServer(
    (request, response) => void this.receive(request, response),
  );
  private readonly told: (body: string) => void;
  private port = 0;

  private constructor(told: (body: string) => void) {
    this.told = told;
  }

  /** `told` is called with the body of every message it takes. */
  static async start(told: (body: string) => void = () => undefined): Promise<SlackReceiver> {
    const receiver = new SlackReceiver(told);
    await receiver.revive();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/services/${this.secret}`;
  }

  /** The bodies it has taken, in order. */
  get bodies(): string[] {
    return this.taken.map(({ body }) => body);
  }

  /** From now on it takes what comes, or never answers. */
  behave(how: 'takes' | 'hangs'): void {
    this.behaviour = how;
  }

  /** Refuses connections until it is revived. */
  async die(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Is there again, at the same address. */
  async revive(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await buffer(request)).toString();
    this.asked += 1;
    if (this.behaviour === 'hangs') return;
    if (request.url !== `/services/${this.secret}`) {
      response.writeHead(404).end('no_service');
      return;
    }
    this.taken.push({ body, headers: request.headers });
    response.writeHead(200).end('ok');
    this.told(body);
  }
}
