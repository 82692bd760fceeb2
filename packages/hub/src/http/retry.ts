// Tries again what may work the next time: cut connections, busy servers.
import { setTimeout as sleep } from "node:timers/promises";

/** What may work the next time. */
export class RetryableError extends Error {
  /** What the server asks for. */
  readonly waitMs: number | undefined;
  /** Whether something came, so that the next attempt is a first one. */
  readonly hasProgress: boolean;

  constructor(message: string, options: { cause?: unknown; waitMs?: number; hasProgress?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.waitMs = options.waitMs;
    this.hasProgress = options.hasProgress ?? false;
  }
}

export interface RetryOptions {
  /** Attempts in a row without progress. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; twice as many before each further one. */
  readonly delayMs: number;
  readonly signal?: AbortSignal;
}

const LONGEST_BACKOFF_MS = 30_000;
/** A server that asks for more is not waited for. */
const LONGEST_WAIT_MS = 300_000;

/** @throws the last RetryableError; anything else at once; the signal's reason */
export async function withRetries<T>(
  { attempts, delayMs, signal }: RetryOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof RetryableError)) throw error;
      failures = error.hasProgress ? 1 : failures + 1;
      if (failures >= attempts || (error.waitMs ?? 0) > LONGEST_WAIT_MS) throw error;
      // Clients that were cut off together should not come back together.
      const backoff = Math.min(delayMs * 2 ** (failures - 1), LONGEST_BACKOFF_MS) * (0.5 + Math.random() / 2);
      await sleep(Math.max(backoff, error.waitMs ?? 0), undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

/** Of a Retry-After header, in milliseconds: seconds or a date. */
export function retryAfterMs(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Statuses of servers that are busy or out of order. */
export function isPassing(status: number): boolean {
  return [408, 425, 429, 500, 502, 503, 504].includes(status);
}
