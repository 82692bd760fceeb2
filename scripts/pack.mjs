// Packs everything that is published, carriers included, as npm would publish it: node scripts/pack.mjs FOLDER [ARCH...]
// The carriers become optional dependencies here and not in the repository, where they would have to exist before they are built.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildCarrier } from "../packages/kernels-cpu/scripts/build-carrier.mjs";

const PACKAGES = fileURLToPath(new URL("../packages/", import.meta.url));
const [target, ...archs] = process.argv.slice(2);
if (!target) {
  console.error(
    "usage: node scripts/pack.mjs FOLDER [ARCH...]   (build first; archs: x64, arm64, default this machine's)",
  );
  process.exit(2);
}
const output = resolve(target);
mkdirSync(output, { recursive: true });
const staging = mkdtempSync(join(tmpdir(), "octavo-pack-"));

function npmPack(folder) {
  const args = ["pack", "--ignore-scripts", "--silent", "--pack-destination", output];
  const { status, stdout } = spawnSync("npm", args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`npm pack failed in ${folder}`);
  console.log(join(output, stdout.trim()));
}

/** A package as it is published: a copy whose manifest has the carriers. */
function stage(name, carriers) {
  const folder = join(staging, name);
  const skipped = (path) => /\/(node_modules|build|\.turbo)(\/|$)/.test(path.slice(PACKAGES.length - 1));
  cpSync(join(PACKAGES, name), folder, { recursive: true, filter: (path) => !skipped(path) });
  const path = join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  const optional = Object.fromEntries(carriers.map((carrier) => [carrier, manifest.version]));
  if (carriers.length > 0) manifest.optionalDependencies = { ...manifest.optionalDependencies, ...optional };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  return folder;
}

try {
  const carriers = (archs.length > 0 ? archs : [process.arch]).map((arch) => buildCarrier(arch, staging));
  const names = carriers.map((folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).name);
  for (const folder of carriers) npmPack(folder);
  for (const name of readdirSync(PACKAGES)) npmPack(stage(name, name === "kernels-cpu" ? names : []));
} finally {
  rmSync(staging, { recursive: true });
}
