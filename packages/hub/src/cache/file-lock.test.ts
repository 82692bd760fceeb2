import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FileLock } from "./file-lock.js";

function lockFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "octavo-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "x.octavo.lock");
}

test("one at a time", async () => {
  const path = lockFile();
  let holders = 0;
  let waits = 0;
  const work = async () => {
    await using _ = await FileLock.acquire(path, { onWait: () => waits++ });
    expect(++holders).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    holders--;
  };
  await Promise.all([work(), work(), work()]);
  expect(waits).toBe(2);
  expect(readdirSync(dirname(path))).toEqual([]);
});

test("a dead process' lock is taken over, a living one's is not", async () => {
  const path = lockFile();
  const dead = spawn(process.execPath, ["-e", ""]);
  await once(dead, "exit");
  await using mine = await FileLock.acquire(path);
  expect(FileLock.isHeld(path)).toBe(true);
  const signal = AbortSignal.timeout(300);
  await expect(FileLock.acquire(path, { signal })).rejects.toThrow(/timeout/);
  await mine[Symbol.asyncDispose]();
  // A living process of the same machine wrote it; only its number is another.
  await using held = await FileLock.acquire(path);
  const content = JSON.parse(readFileSync(path, "utf8"));
  await held[Symbol.asyncDispose]();
  writeFileSync(path, JSON.stringify({ ...content, pid: dead.pid }));
  expect(FileLock.isHeld(path)).toBe(false);
  const takers = Array.from({ length: 5 }, async () => {
    await using _ = await FileLock.acquire(path);
  });
  await Promise.all(takers);
  expect(readdirSync(dirname(path))).toEqual([]);
});

test("a lock of another machine is dead when nobody touches it", async () => {
  const path = lockFile();
  writeFileSync(path, JSON.stringify({ pid: 1, machine: "elsewhere" }));
  expect(FileLock.isHeld(path)).toBe(true);
  const before = new Date(Date.now() - 120_000);
  utimesSync(path, before, before);
  expect(FileLock.isHeld(path)).toBe(false);
  await using _ = await FileLock.acquire(path);
  expect(readFileSync(path, "utf8")).toContain(`"pid":${process.pid}`);
});
