// Finds and loads the addon, or says what was looked for, what was found and how to get it.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type ErrorCode, OctavoError, PLAN_VERSION } from "@octavo/core";
import { ADDON_VERSION, type NativeAddon } from "./native.js";

const require = createRequire(import.meta.url);

/** Where the package's own build puts the addon; the same from src/ and from dist/. */
const BUILT = fileURLToPath(new URL("../build/Release/octavo_cpu.node", import.meta.url));

/** The package that carries an addon built for this platform; an optional dependency of the published package. */
const CARRIER = `@octavo/kernels-cpu-${process.platform}-${process.arch}`;

/**
 * The addon: the file that `OCTAVO_CPU_BINARY` names when it is set (then no other), else the package's own build, else the
 * carrier's.
 * @throws BACKEND_LOAD
 */
export function loadNative(): NativeAddon {
  const named = process.env.OCTAVO_CPU_BINARY;
  const candidates = named ? [named] : [BUILT, CARRIER];
  const failures: string[] = [];
  for (const path of candidates) {
    try {
      return load(path);
    } catch (error) {
      failures.push(`  ${path}: ${(error as Error).message}`);
    }
  }
  throw new OctavoError({
    code: "BACKEND_LOAD",
    message: explain(failures, named),
    param: named && "OCTAVO_CPU_BINARY",
  });
}

function load(path: string): NativeAddon {
  const addon = require(locate(path)) as NativeAddon;
  if (addon.addonVersion !== ADDON_VERSION || addon.planVersion !== PLAN_VERSION) {
    throw new Error(
      `it was built for version ${addon.addonVersion} of the addon and ${addon.planVersion} of the step plan, ` +
        `this package needs ${ADDON_VERSION} and ${PLAN_VERSION}`,
    );
  }
  addon.setErrorFactory((code, message) => new OctavoError({ code: code as ErrorCode, message }));
  return addon;
}

/** The file of a path or of a package. */
function locate(path: string): string {
  if (path !== CARRIER) {
    if (existsSync(path)) return path;
    throw new Error("there is no such file");
  }
  try {
    return require.resolve(CARRIER);
  } catch {
    throw new Error(
      "the package is not installed (there is none for every platform, and --omit=optional leaves it out)",
    );
  }
}

function explain(failures: readonly string[], named: string | undefined): string {
  const glibc = (process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined)?.header
    ?.glibcVersionRuntime;
  return [
    "the CPU backend's native addon could not be loaded. Tried:",
    ...failures,
    `This is Node ${process.versions.node} on ${process.platform}-${process.arch}${glibc ? `, glibc ${glibc}` : ""}.`,
    named
      ? "OCTAVO_CPU_BINARY is set: unset it to use the package's own build, or let it name an addon of this version."
      : "Build it with: npm run build:native -w @octavo/kernels-cpu (needs cmake, make or ninja, and a C++20 compiler; " +
        "on Debian and Ubuntu: apt-get install -y g++ cmake make). OCTAVO_CPU_BINARY may name an addon built elsewhere.",
  ].join("\n");
}
