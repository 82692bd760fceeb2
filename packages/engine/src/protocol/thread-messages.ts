// What the engine thread and its client send each other besides commands. Only set-up and failure use objects.
import type { OctavoErrorOptions } from "@octavo/core";
import type { ControlCall, ControlReply } from "../core/control-calls.js";
import type { EngineInfo } from "../engine.js";
import type { EngineOptions } from "../engine-options.js";

/** The worker's start data. */
export interface ThreadData {
  readonly folder: string;
  readonly options: EngineOptions;
  readonly statsBuffer: SharedArrayBuffer;
  /** int32 [1]: raised and notified with every command, so that an idle thread sleeps on it. */
  readonly wakeBuffer: SharedArrayBuffer;
}

/** To the thread: commands come as a list of what was sent at once, calls as this. */
export type ClientMessage = readonly Int32Array[] | { readonly call: ControlCall; readonly number: number };

/** From the thread: records of protocol/outputs.ts come as a bare Int32Array, the rest as one of these. */
export type ThreadMessage =
  | Int32Array
  | { readonly type: "ready"; readonly info: EngineInfo; readonly eosTokenIds: readonly number[] }
  | { readonly type: "kvEvents"; readonly words: Int32Array }
  | { readonly type: "refused"; readonly id: number; readonly error: OctavoErrorOptions }
  | { readonly type: "reply"; readonly number: number; readonly reply: ControlReply }
  | { readonly type: "warning"; readonly text: string; readonly options: { type?: string; code?: string } }
  | { readonly type: "loading"; readonly done: number; readonly total: number }
  | { readonly type: "failed"; readonly error: OctavoErrorOptions };
