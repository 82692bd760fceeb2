// Finds and loads a backend's addon, or says what was looked for, what was found and how to get it.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { type ErrorCode, OctavoError } from "../errors.js";
import { PLAN_VERSION } from "../plan/layout.js";

const require = createRequire(import.meta.url);

/** What every addon exports first. */
export interface NativeAddonBase {
  readonly addonVersion: number;
  readonly planVersion: number;
  setErrorFactory(create: (code: string, message: string) => Error): void;
}

/** An addon as its package knows it. */
export interface AddonSource {
  /** For people: "CPU". */
  readonly backend: string;
  /** Where the package's own build puts it. */
  readonly built: string;
  /** A package with an addon built for this platform, for when the own build is not there; `resolve` throws where it is not installed. */
  readonly carrier?: { readonly name: string; resolve(): string };
  /** The environment variable that may name another file. */
  readonly variable: string;
  /** What the package was written for. */
  readonly addonVersion: number;
  /** A command, and in parentheses what it needs. */
  readonly howToBuild: string;
}

/** Where {@link loadAddon} looks first: the file that the variable names when it is set (then nowhere else), else the package's own. */
export function addonPath({ built, variable }: AddonSource): string {
  const named = process.env[variable];
  return named ? resolve(named) : built;
}

/** @throws BACKEND_LOAD that says what was tried */
export function loadAddon<Addon extends NativeAddonBase>(source: AddonSource): Addon {
  const { backend, carrier, variable } = source;
  const param = process.env[variable] ? variable : undefined;
  const path = addonPath(source);
  const failures: string[] = [];
  let cause: unknown;
  const attempt = (name: string, locate: () => string): Addon | undefined => {
    try {
      return open<Addon>(locate(), source);
    } catch (error) {
      cause = error;
      failures.push(`  ${name}: ${(error as Error).message.split("\n")[0]}`);
      return undefined;
    }
  };
  const addon =
    attempt(path, () => path) ?? (carrier && !param ? attempt(carrier.name, () => carrier.resolve()) : undefined);
  if (addon) return addon;
  const message = [
    `the ${backend} backend's native addon could not be loaded. Tried:`,
    ...failures,
    `This is Node ${process.versions.node} on ${process.platform}-${process.arch}${glibc()}.`,
    param
      ? `${variable} is set: unset it to use the package's own build, or let it name an addon of this version.`
      : `Build it with: ${source.howToBuild}. ${variable} may name an addon built elsewhere.`,
  ].join("\n");
  throw new OctavoError({ code: "BACKEND_LOAD", message, param, cause });
}

function open<Addon extends NativeAddonBase>(path: string, { addonVersion }: AddonSource): Addon {
  if (!existsSync(path)) throw new Error("there is no such file");
  const addon = require(path) as Addon;
  if (addon.addonVersion === addonVersion && addon.planVersion === PLAN_VERSION) {
    addon.setErrorFactory((code, message) => new OctavoError({ code: code as ErrorCode, message }));
    return addon;
  }
  throw new Error(
    `it was built for version ${addon.addonVersion} of the addon and ${addon.planVersion} of the step plan, ` +
      `this package needs ${addonVersion} and ${PLAN_VERSION}`,
  );
}

/** An addon built against a newer one does not load. */
function glibc(): string {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const version = report?.header?.glibcVersionRuntime;
  return version ? `, glibc ${version}` : "";
}
