// What networks and servers do to a download.
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Fault, gitHash, type Seen, sha256 } from "../../test-support/fake-hub.js";
import { COMMIT, ID, MODEL, type Scratch, scratch, WEIGHTS } from "../../test-support/scratch.js";
import type { HubErrorReason } from "../hub-error.js";
import { pull } from "../pull.js";

const HASH = sha256(WEIGHTS);
const MODEL_ONLY = { include: ["model.safetensors"] };

const refused = (reason: HubErrorReason, message: RegExp) =>
  expect.objectContaining({ code: "DOWNLOAD", reason, message: expect.stringMatching(message) });

function pullModel({ options }: Scratch, more: object = {}) {
  return pull({ kind: "hub", host: "huggingface", id: ID }, { ...options, ...MODEL_ONLY, ...more });
}

const blobs = ({ cache }: Scratch) => join(cache, "models--org--name", "blobs");
const isWhole = ({ path }: { path: string }) => readFileSync(join(path, "model.safetensors")).equals(WEIGHTS);
const ofStorage = (fault: (seen: Seen) => Fault | undefined) => (seen: Seen) =>
  seen.server === "storage" ? fault(seen) : undefined;
const begin = ({ range }: Seen) => Number(/bytes=(\d+)/.exec(range ?? "")?.[1] ?? 0);
/** The n-th request for storage, whatever it asks. */
function nth(fault: (n: number, seen: Seen) => Fault | undefined) {
  let n = 0;
  return ofStorage((seen) => fault(n++, seen));
}

test("cut connections are taken up where they ended", async () => {
  const place = await scratch();
  place.hub.fault = nth((n) => (n < 8 ? { cutAfter: 10_000 } : undefined));
  expect(isWhole(await pullModel(place))).toBe(true);
  const begins = place.hub.requests.filter(({ server }) => server === "storage").map(begin);
  expect(begins).toContain(10_000);
});

test("after too many failures in a row it ends, and the next call goes on", async () => {
  const place = await scratch();
  place.hub.fault = nth((n) => (n === 0 ? { cutAfter: 50_000 } : { cutAfter: 0 }));
  await expect(pullModel(place)).rejects.toEqual(
    refused(
      "network",
      /the connection to .* ended after \d+ of the 300000 bytes of model\.safetensors\. What is there/,
    ),
  );
  expect(existsSync(join(place.cache, "models--org--name", "snapshots"))).toBe(false);
  place.hub.requests.length = 0;
  place.hub.fault = () => undefined;
  expect(isWhole(await pullModel(place))).toBe(true);
  expect(Math.min(...place.hub.requests.filter(({ server }) => server === "storage").map(begin))).toBe(50_000);
  expect(readdirSync(blobs(place))).toEqual([HASH]);
});

test("a signal ends it at once, and the next call goes on", async () => {
  const place = await scratch();
  const controller = new AbortController();
  const stop = new Error("enough");
  place.hub.fault = nth((n) => {
    if (n === 0) return undefined;
    setTimeout(() => controller.abort(stop), 100);
    return { delayMs: 20_000 };
  });
  const started = performance.now();
  await expect(pullModel(place, { signal: controller.signal })).rejects.toBe(stop);
  expect(performance.now() - started).toBeLessThan(15_000);
  expect(readdirSync(join(place.cache, ".locks", "models--org--name"))).toEqual([]);
  place.hub.requests.length = 0;
  place.hub.fault = () => undefined;
  expect(isWhole(await pullModel(place))).toBe(true);
  expect(place.hub.requests.filter(({ server }) => server === "storage").map(begin)).not.toContain(0);
});

test("a resumed file names what it goes on with, and begins anew when the storage has another", async () => {
  const place = await scratch();
  place.hub.fault = nth((n) => (n === 0 ? { cutAfter: 50_000 } : { status: 404 }));
  await expect(pullModel(place)).rejects.toEqual(refused("network", /status 404/));
  place.hub.requests.length = 0;
  place.hub.fault = ofStorage(() => ({ etag: '"another"' }));
  expect(isWhole(await pullModel(place))).toBe(true);
  const [first, second] = place.hub.requests.filter(({ server }) => server === "storage");
  expect(first).toMatchObject({ range: "bytes=50000-115535", ifRange: expect.stringMatching(/^"[0-9a-f]{32}"$/) });
  expect(second!.range).toBe("bytes=0-65535");
});

test("a storage that names one content in many ways is not begun anew for ever", async () => {
  const place = await scratch();
  place.hub.fault = nth((n) => ({ etag: `"${n}"` }));
  expect(isWhole(await pullModel(place))).toBe(true);
});

test("a server without ranges", async () => {
  const place = await scratch();
  place.hub.fault = ofStorage(() => ({ ignoresRange: true }));
  expect(isWhole(await pullModel(place))).toBe(true);
  expect(place.hub.requests.filter(({ server }) => server === "storage").length).toBe(1);
});

test("a server without ranges that cuts, once and for ever", async () => {
  const place = await scratch();
  place.hub.fault = nth((n) => ({ ignoresRange: true, ...(n === 0 && { cutAfter: 1000 }) }));
  expect(isWhole(await pullModel(place))).toBe(true);
  const other = await scratch();
  other.hub.fault = ofStorage(() => ({ ignoresRange: true, cutAfter: 1000 }));
  await expect(pullModel(other)).rejects.toEqual(refused("network", /does not give the rest of a file/));
});

test("wrong bytes: nothing is kept", async () => {
  const place = await scratch();
  const bytes = Buffer.from(WEIGHTS);
  bytes[200_000]! ^= 1;
  place.hub.fault = ofStorage(() => ({ bytes }));
  await expect(pullModel(place)).rejects.toEqual(refused("damaged", new RegExp(`does not hash to ${HASH}`)));
  expect(readdirSync(blobs(place))).toEqual([]);
  place.hub.fault = () => undefined;
  expect(isWhole(await pullModel(place))).toBe(true);
});

test("wrong bytes of a small file, which git's hash shows", async () => {
  const place = await scratch();
  const config = MODEL.files["config.json"]!;
  const bytes = Buffer.from(config).fill("x", 0, 1);
  place.hub.fault = ({ path }) => (path.endsWith("config.json") ? { bytes, etag: '"x"' } : undefined);
  await expect(pullModel(place, { include: ["config.json"] })).rejects.toEqual(
    refused("damaged", new RegExp(`does not hash to ${gitHash(config)}`)),
  );
});

test("what a machine lost after it was noted is fetched again", async () => {
  const place = await scratch();
  place.hub.fault = nth((n) => (n === 0 ? { cutAfter: 60_000 } : { status: 404 }));
  await expect(pullModel(place)).rejects.toThrow();
  const part = join(blobs(place), `${HASH}.octavo.incomplete`);
  writeFileSync(part, Buffer.alloc(60_000));
  place.hub.fault = () => undefined;
  expect(isWhole(await pullModel(place))).toBe(true);
});

test("a part that is shorter than its log, and a log that was cut short", async () => {
  const place = await scratch();
  place.hub.fault = nth((n) => (n === 0 ? { cutAfter: 60_000 } : { status: 404 }));
  await expect(pullModel(place)).rejects.toThrow();
  const part = join(blobs(place), `${HASH}.octavo.incomplete`);
  truncateSync(part, 30_000);
  writeFileSync(`${part}.log`, `${readFileSync(`${part}.log`, "utf8")}0 2999`);
  place.hub.requests.length = 0;
  place.hub.fault = () => undefined;
  expect(isWhole(await pullModel(place))).toBe(true);
  expect(Math.min(...place.hub.requests.filter(({ server }) => server === "storage").map(begin))).toBe(30_000);
});

test.each<[string, Fault, HubErrorReason, RegExp]>([
  [
    "longer, by its header",
    { bytes: Buffer.alloc(300_001), ignoresRange: true },
    "damaged",
    /300000 bytes by the listing, the host sends 300001/,
  ],
  ["longer, in a range", { bytes: Buffer.alloc(400_000) }, "damaged", /the host sends 400000/],
  [
    "longer, without a word",
    { bytes: Buffer.alloc(300_001), ignoresRange: true, chunked: true },
    "damaged",
    /the host sends more/,
  ],
  ["shorter, by its header", { bytes: Buffer.alloc(299_999), ignoresRange: true }, "damaged", /the host sends 299999/],
  ["shorter, in a range", { bytes: Buffer.alloc(40_000) }, "damaged", /the host sends 40000/],
  [
    "another range",
    { headers: { "content-range": "bytes 5-9/300000" } },
    "network",
    /another range than it was asked for/,
  ],
  ["status 416", { status: 416, headers: { "content-range": "bytes */7" } }, "damaged", /the host sends 7/],
])("a size that lies: %s", async (_, fault, reason, message) => {
  const place = await scratch();
  place.hub.fault = ofStorage(() => fault);
  await expect(pullModel(place)).rejects.toEqual(refused(reason, message));
});

test("shorter, without a word: the rest is asked for, then it ends", async () => {
  const place = await scratch();
  place.hub.fault = ofStorage(({ range }) =>
    range?.startsWith("bytes=0-")
      ? { bytes: WEIGHTS.subarray(0, 1000), chunked: true, ignoresRange: true }
      : { status: 503 },
  );
  await expect(pullModel(place)).rejects.toEqual(refused("network", /status 503/));
});

test("another file than the listed one, by the hub's ETag", async () => {
  const place = await scratch();
  place.hub.fault = ({ server }) => (server === "hub" ? { etag: `"${"a".repeat(64)}"` } : undefined);
  await expect(pullModel(place)).rejects.toEqual(refused("damaged", /is now a{64}, listed was/));
});

test("an address of the storage that ran out is asked for again", async () => {
  const place = await scratch();
  place.hub.fault = nth((n) => (n === 1 ? { status: 403 } : undefined));
  expect(isWhole(await pullModel(place))).toBe(true);
  expect(place.hub.requests.filter(({ path }) => path.includes("/resolve/")).length).toBeGreaterThan(1);
});

test("redirects that lead nowhere, in circles, or to a file", async () => {
  const place = await scratch();
  const redirect = (location: string) => {
    place.hub.fault = ({ path }) => (path.includes("/resolve/") ? { status: 302, headers: { location } } : undefined);
    return pullModel(place);
  };
  await expect(redirect("file:///etc/passwd")).rejects.toEqual(refused("network", /redirects to file:/));
  await expect(redirect(`/${ID}/resolve/${COMMIT}/x`)).rejects.toEqual(refused("network", /more than 10 times/));
});

test("a slow server is waited for", async () => {
  const place = await scratch();
  place.hub.fault = () => ({ delayMs: 100 });
  expect(isWhole(await pullModel(place))).toBe(true);
});

test("two calls at once fetch everything once", async () => {
  const place = await scratch();
  place.hub.fault = ofStorage(() => ({ delayMs: 50 }));
  const phases = new Set<string>();
  const onProgress = ({ phase }: { phase: string }) => phases.add(phase);
  const both = await Promise.all([pullModel(place, { onProgress }), pullModel(place, { onProgress })]);
  expect(both.map(isWhole)).toEqual([true, true]);
  const ranges = place.hub.requests.filter(({ server }) => server === "storage").map(({ range }) => range);
  expect(new Set(ranges).size).toBe(ranges.length);
  expect(phases).toContain("waiting");
});

test("a blob of another size is none", async () => {
  const place = await scratch();
  const { path } = await pullModel(place);
  truncateSync(join(path, "model.safetensors"), 10);
  expect(isWhole(await pullModel(place))).toBe(true);
  expect(statSync(join(path, "model.safetensors")).size).toBe(WEIGHTS.length);
});

test("a cache that cannot be written", async () => {
  const place = await scratch();
  writeFileSync(place.cache, "a file");
  await expect(pullModel(place)).rejects.toEqual(refused("disk", /HF_HUB_CACHE or --download-dir name another place/));
});
