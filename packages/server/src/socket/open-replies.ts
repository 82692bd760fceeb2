// Ends the replies of a connection with it. Node tells only the reply that is being written; those of pipelined requests wait
// for their turn without a socket, and nobody would tell them that it has gone.
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

export class OpenReplies {
  readonly #bySocket = new WeakMap<Socket, Set<ServerResponse>>();

  /** One listener a connection: one a request would be too many for a long pipeline. */
  watch(socket: Socket): void {
    const replies = new Set<ServerResponse>();
    this.#bySocket.set(socket, replies);
    socket.once("close", () => {
      for (const reply of replies) {
        if (reply.socket !== null) continue;
        reply.destroy();
        reply.emit("close");
      }
    });
  }

  add(socket: Socket, reply: ServerResponse): void {
    const replies = this.#bySocket.get(socket);
    replies?.add(reply);
    reply.once("close", () => replies?.delete(reply));
  }
}
