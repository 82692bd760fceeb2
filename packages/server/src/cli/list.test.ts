import { expect, test } from "vitest";
import type { ListedModel } from "./caches.js";
import { DownloadBar } from "./download-bar.js";
import { formatModels } from "./list.js";

const HOUR = 3_600_000;

test("a line for each revision, and one for what was cut", () => {
  const revision = {
    commit: "0123456789abcdef".padEnd(40, "0"),
    refs: ["main", "v1"],
    files: [],
    bytes: 2 ** 20,
    lastUsed: 0,
  };
  const model: ListedModel = {
    ...{ name: "ms://org/name", id: "org/name", path: "/cache", bytes: 2 ** 21, incompleteBytes: 3000 },
    revisions: [revision, { ...revision, commit: "f".repeat(40), refs: [], lastUsed: 50 * HOUR }],
  };
  expect(formatModels([model], 51 * HOUR).split("\n")).toEqual([
    "MODEL           REVISION                 SIZE      LAST USED",
    "ms://org/name   main, v1, 0123456789ab   1.0 MiB   2 days ago",
    "ms://org/name   ffffffffffff             1.0 MiB   1 hour ago",
    "ms://org/name   (incomplete)             2.9 KiB",
    "",
  ]);
  expect(formatModels([], 0)).toMatch(/no models in the cache; octavo pull/);
});

test("a download: lines where nobody looks", () => {
  const lines: string[] = [];
  const { update } = new DownloadBar((text) => lines.push(text), false);
  const progress = { model: "org/name", files: 3, filesDone: 0, bytes: 4096, bytesDone: 1024, bytesReceived: 0 };
  update({ ...progress, phase: "downloading" });
  update({ ...progress, phase: "verifying", bytesDone: 4096, bytesReceived: 3072 });
  update({ ...progress, phase: "done", bytesDone: 4096, bytesReceived: 3072 });
  expect(lines).toEqual([
    "downloading org/name: 3 files, 3.0 KiB",
    expect.stringMatching(/^downloaded org\/name: 3\.0 KiB in \d+\.\d s$/),
  ]);
});

test("a download's bar", () => {
  const bar = new DownloadBar(() => {}, false);
  const progress = { model: "org/name", files: 3, filesDone: 0, bytes: 4096, bytesDone: 2048, bytesReceived: 1024 };
  bar.update({ ...progress, phase: "downloading" });
  const text = bar.text({ ...progress, phase: "downloading" }, performance.now() + 1000);
  expect(text).toMatch(/^\[#{15}\.{15}\] 2\.0 KiB of 4\.0 KiB, (10\d\d B|1\.0 KiB)\/s, 2 s left, org\/name$/);
  expect(bar.text({ ...progress, phase: "waiting" }, 0)).toMatch(/another process downloads org\/name$/);
});
