// What an engine's thread does with a core, whether it generates or embeds.
import type { KvEventLog } from "@octavo/kv-cache";
import type { ControlCall, ControlReply } from "./control-calls.js";

export interface Core extends Disposable {
  /** What the last step put out, for requests that are streams. */
  readonly outputs: { readonly empty: boolean; take(): Int32Array };
  /** What the prefix cache stored and forgot, for whoever listens; undefined while nobody does. */
  readonly kvEvents: KvEventLog | undefined;
  /** After a step that did nothing: ms until there will be something to do without a command; infinite when that never happens. */
  readonly idleMs: number;
  /** Whether requests wait for something outside of the core, though `step` has nothing to do. */
  readonly isLoading: boolean;
  /** Applies one command of protocol/commands.ts. @throws for a request that the core refuses; the core goes on */
  handle(words: Int32Array): void;
  /** Answers a call, at once or later. */
  call(call: ControlCall, reply: (reply: ControlReply) => void): void;
  /** Runs one step. @returns false when there is nothing to do */
  step(): boolean;
  /** Waits for what is launched, then frees everything. */
  dispose(): void;
}
