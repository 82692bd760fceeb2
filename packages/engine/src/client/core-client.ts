// How the text side talks to an engine core, wherever that runs.
import type { OctavoError } from "@octavo/core";
import type { ControlCall } from "../core/control-calls.js";
import type { EngineInfo } from "../engine.js";

/** What a core reports to its client. */
export interface CoreListener {
  /** Records of protocol/outputs.ts, at most once a step. */
  onOutputs(words: Int32Array): void;
  /** Records of the prefix cache's changes, at most once a step, while `Command.kvEvents` asks for them. */
  onKvEvents(words: Int32Array): void;
  /** So many of the model's parameters are loaded. */
  onProgress?(done: number, total: number): void;
  /** The core goes on without this request. */
  onRefused(id: number, error: OctavoError): void;
  /** The core is dead; no output will come any more. */
  onFailure(error: OctavoError): void;
}

/** A running core. Same behaviour in this thread and on its own. */
export interface CoreClient {
  readonly info: EngineInfo;
  readonly eosTokenIds: readonly number[];
  /** Shared counters of protocol/stats.ts. */
  readonly stats: Float64Array;
  /** Sends a command of protocol/commands.ts; its buffer is given away. */
  send(words: Int32Array): void;
  /**
   * Asks something of the core that is answered.
   * @throws what the core answers with; ENGINE_DEAD or DISPOSED when it ends before it answers
   */
  call(call: ControlCall): Promise<unknown>;
  /** Tells whether answers are awaited, so that an idle engine does not keep the process alive. */
  setBusy(busy: boolean): void;
  dispose(): Promise<void>;
}
