import { expect, test } from "vitest";
import { RetryableError, retryAfterMs, withRetries } from "./retry.js";

test("attempts without progress are counted, those with it begin the count anew", async () => {
  let attempts = 0;
  const failing = (hasProgress: (attempt: number) => boolean) =>
    withRetries({ attempts: 3, delayMs: 0 }, async () => {
      throw new RetryableError(`attempt ${++attempts}`, { hasProgress: hasProgress(attempts) });
    });
  await expect(failing(() => false)).rejects.toThrow("attempt 3");
  attempts = 0;
  await expect(failing((attempt) => attempt <= 5)).rejects.toThrow("attempt 7");
});

test("what is no RetryableError passes, and so does a signal's reason while it waits", async () => {
  const error = new Error("for good");
  await expect(withRetries({ attempts: 3, delayMs: 0 }, () => Promise.reject(error))).rejects.toBe(error);
  const controller = new AbortController();
  setTimeout(() => controller.abort(error), 20);
  const waiting = withRetries({ attempts: 3, delayMs: 60_000, signal: controller.signal }, () =>
    Promise.reject(new RetryableError("busy")),
  );
  await expect(waiting).rejects.toBe(error);
});

test("a server that wants to be left alone for long is", async () => {
  let attempts = 0;
  const work = async () => {
    attempts++;
    throw new RetryableError("busy", { waitMs: 3_600_000 });
  };
  await expect(withRetries({ attempts: 3, delayMs: 0 }, work)).rejects.toThrow("busy");
  expect(attempts).toBe(1);
});

test("Retry-After", () => {
  const now = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT");
  expect(retryAfterMs("1.5")).toBe(1500);
  expect(retryAfterMs("Wed, 21 Oct 2026 07:28:10 GMT", now)).toBe(10_000);
  expect(retryAfterMs("Wed, 21 Oct 2026 07:27:00 GMT", now)).toBe(0);
  expect(retryAfterMs("soon")).toBeUndefined();
  expect(retryAfterMs(null)).toBeUndefined();
});
