// The engines that can be compared, by their names on the command line.
import { nodeLlamaCpp } from "./node-llama-cpp.js";
import { octavo } from "./octavo.js";
import type { Peer, Settings } from "./peer.js";

const PEERS: Readonly<Record<string, Peer>> = { octavo, "node-llama-cpp": nodeLlamaCpp };

export const PEER_NAMES: readonly string[] = Object.keys(PEERS);

/** A peer as asked for: `octavo`, or with settings `octavo:dtype=float32,asyncScheduling=false`. */
export interface AskedPeer {
  readonly peer: Peer;
  readonly settings: Settings;
}

/** @throws with the names that there are */
export function readPeer(text: string): AskedPeer {
  const [, name = "", list] = /^([^:]*):?(.*)$/s.exec(text)!;
  if (!Object.hasOwn(PEERS, name)) throw new Error(`there is no peer "${name}"; there are ${PEER_NAMES.join(", ")}`);
  return { peer: PEERS[name]!, settings: readSettings(list ?? "") };
}

function readSettings(list: string): Settings {
  const pairs = list === "" ? [] : list.split(",");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
      if (key === undefined) throw new Error(`"${pair}" is no setting; one looks like name=value`);
      return [key, readValue(value!)];
    }),
  );
}

function readValue(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
