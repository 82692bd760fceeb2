// What a signal does: the first one drains, the second one exits at once.
import { constants } from "node:os";
import type { Engine } from "@octavo/engine";
import type { Logger } from "pino";
import type { Listener } from "./serve.js";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Installs the handlers. The process exits 0 after the first signal, 128 + its number at the second.
 * @param onDrain called when draining begins
 */
export function drainOnSignal(
  listener: Listener,
  engine: Engine,
  logger: Logger,
  timeoutMs: number,
  onDrain?: () => void,
): void {
  let draining = false;
  const onSignal = async (signal: (typeof SIGNALS)[number]) => {
    if (draining) process.exit(128 + constants.signals[signal]);
    draining = true;
    onDrain?.();
    const { numRunning, numWaiting } = engine.stats;
    logger.info({ signal, numRunning, numWaiting, timeoutMs }, "draining; a second signal exits at once");
    let disposed: Promise<void> | undefined;
    const drained = await listener.drain(timeoutMs, () => {
      disposed = engine.dispose();
    });
    if (!drained) logger.warn({ timeoutMs }, "cut off the requests that still ran");
    await (disposed ?? engine.dispose());
    process.exit(0);
  };
  for (const signal of SIGNALS) process.on(signal, () => void onSignal(signal));
}
