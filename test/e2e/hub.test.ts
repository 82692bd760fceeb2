// Models by name, as a user has them: the commands and LLM.load against a hub of this machine that has Pocket.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LLM } from "@octavo/engine";
import { modelPath } from "@octavo/model-pocket";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeHub } from "../../packages/hub/test-support/fake-hub.js";
import { runCli, startServer } from "./server-process.js";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const GREEDY = ["--temperature", "0", "--max-tokens", "8", "--device", "cpu"];

let hub: FakeHub;
let home: string;
let env: Record<string, string>;

beforeAll(async () => {
  const names = readdirSync(modelPath).filter((name) =>
    /^(config|generation_config|token.*|model)\.(json|safet.*)$/.test(name),
  );
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(modelPath, name))]));
  hub = await FakeHub.start({ "org/pocket": { commit: COMMIT, files } });
  home = mkdtempSync(join(tmpdir(), "octavo-hub-"));
  env = { HF_ENDPOINT: hub.endpoint, HF_HOME: home, MODELSCOPE_CACHE: home, NO_PROXY: "127.0.0.1" };
});

afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  rmSync(home, { recursive: true });
});

test("inspect says of a model what it says of its folder, and fetches no weights", async () => {
  const folder = JSON.parse((await runCli(["inspect", modelPath, "--json"])).stdout);
  const { stdout, stderr } = await runCli(["inspect", "org/pocket", "--json"], env);
  expect(stderr).toBe("");
  const { download, devices, tensors, ...named } = JSON.parse(stdout);
  const sizes = Object.values(hub.models.get("org/pocket")!.files).map(({ length }) => length);
  const bytes = sizes.reduce((sum, size) => sum + size);
  expect(download).toEqual({ bytes, bytesToDownload: bytes });
  expect(hub.bytesSent).toBeLessThan(0.01 * bytes);
  const paths = { path: "org/pocket", tensors: undefined, devices: undefined };
  expect(named).toEqual({ ...folder, ...paths });
  const file = "org/pocket/model.safetensors";
  expect(tensors).toEqual(folder.tensors.map((tensor: object) => ({ ...tensor, path: file })));
  expect(devices[0].weights).toEqual(folder.devices[0].weights);
  expect(existsSync(join(home, "hub"))).toBe(false);
});

test("a server downloads its model, and the others find it without network", async () => {
  await using server = await startServer(["org/pocket"], env);
  expect(server.log()).toMatch(/downloading org\/pocket: 5 files.*\n.*downloaded org\/pocket/);
  const models = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { id: string }[] };
  expect(models.data[0]!.id).toBe("org/pocket");
  hub.requests.length = 0;
  const offline = { ...env, HF_HUB_OFFLINE: "1" };
  const named = await runCli(["complete", "Once upon a time", "--model", "org/pocket", ...GREEDY], offline);
  expect(named).toEqual({ ...(await runCli(["complete", "Once upon a time", ...GREEDY])), stderr: "" });
  expect((await runCli(["inspect", "org/pocket"], offline)).stdout).toMatch(/^-- pocket -.*octavo serve org\/pocket/s);
  expect(hub.requests).toEqual([]);
});

test("pull, list and rm", async () => {
  const folder = join(home, "hub", "models--org--pocket", "snapshots", COMMIT);
  expect(await runCli(["pull", "org/pocket@main"], env)).toMatchObject({ code: 0, stdout: `${folder}\n` });
  const [model] = JSON.parse((await runCli(["list", "--json"], env)).stdout);
  expect(model).toMatchObject({ name: "org/pocket", revisions: [{ commit: COMMIT, refs: ["main"] }] });
  expect((await runCli(["rm", "org/pocket"], env)).stderr).toMatch(/would remove org\/pocket .*say --yes/);
  expect(await runCli(["rm", "org/pocket@main", "--yes"], env)).toMatchObject({ code: 0 });
  expect((await runCli(["list"], env)).stdout).toMatch(/^There are no models/);
});

test("what is wrong is one line", async () => {
  expect(await runCli(["serve", "org/nothing"], env)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^octavo: Hugging Face has no model org\/nothing .*\(DOWNLOAD\)\n$/),
  });
  expect((await runCli(["pull", "./folder"], env)).stderr).toMatch(/is a path, or no name that a hub could have/);
});

test("LLM.load by name; dummy weights fetch none", async () => {
  Object.assign(process.env, env);
  const told: string[] = [];
  const onDownloadProgress = ({ phase }: { phase: string }) => told.push(phase);
  const options = { device: "cpu", loadFormat: "dummy", onDownloadProgress } as const;
  hub.requests.length = 0;
  await using llm = await LLM.load("org/pocket", { ...options, tokenizer: modelPath, maxModelLen: 64 });
  expect((await llm.generate("Once", { maxTokens: 2 })).tokenIds.length).toBe(2);
  expect(told.at(-1)).toBe("done");
  expect(hub.fetches.some(({ path }) => path.endsWith(".safetensors"))).toBe(false);
  await expect(LLM.load("org/pocket", { revision: "v9" })).rejects.toMatchObject({
    code: "DOWNLOAD",
    reason: "not_found",
  });
});
