// Peers are no dependencies of Octavo: they are installed where they are wanted, into a cache folder, at one exact version.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "octavo-bench");

/** An installed package's folder and version. */
export interface Installed {
  readonly folder: string;
  readonly version: string;
}

/** What to install, if it has to be. */
export interface Wanted {
  readonly name: string;
  readonly version: string;
  /** Further packages, each with its version. Optional dependencies are left out: prebuilt libraries for GPUs are large. */
  readonly more?: readonly string[];
}

/**
 * The package in `folder` (one with node_modules), whatever its version; without `folder` the given version in the cache
 * folder, installed there the first time. Its install scripts do not run.
 */
export function installPackage({ name, version, more = [] }: Wanted, folder = ""): Installed {
  const place = folder || join(CACHE, `${name}-${version}`);
  const path = join(place, "node_modules", name);
  if (!existsSync(join(path, "package.json"))) {
    if (folder) throw new Error(`there is no ${path}; name a folder where "npm install ${name}" ran`);
    process.stderr.write(`installing ${name} ${version} into ${place}\n`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "package.json"), '{"private":true}\n');
    const flags = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--save-exact"];
    execFileSync("npm", ["install", ...flags, `${name}@${version}`, ...more], { cwd: place, stdio: ["ignore", 2, 2] });
  }
  const found = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as { version: string };
  return { folder: path, version: found.version };
}
