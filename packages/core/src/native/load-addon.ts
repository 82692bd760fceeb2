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
  /** A package that carries an addon built for this platform; tried after the own build. */
  readonly carrier?: AddonCarrier;
  /** The environment variable that may name another file. */
  readonly variable: string;
  /** What the package was written for. */
  readonly addonVersion: number;
  /** A command, and in parentheses what it needs. */
  readonly howToBuild: string;
}

export interface AddonCarrier {
  readonly name: string;
  /** Its addon's file, as the backend's package finds it. @throws when the package is not installed */
  resolve(): string;
}

/** The file that is loaded before all others: the one that the variable names when it is set (then no other), else the own build. */
export function addonPath({ built, variable }: AddonSource): string {
  const named = process.env[variable];
  return named ? resolve(named) : built;
}

/** @throws BACKEND_LOAD */
export function loadAddon<Addon extends NativeAddonBase>(source: AddonSource): Addon {
  const { backend, variable, carrier, addonVersion } = source;
  const param = process.env[variable] ? variable : undefined;
  const path = addonPath(source);
  const candidates: AddonCarrier[] = [{ name: path, resolve: () => existing(path) }];
  if (carrier && !param) candidates.push({ name: carrier.name, resolve: () => installed(carrier) });
  const failures: string[] = [];
  let cause: unknown;
  for (const candidate of candidates) {
    try {
      return open<Addon>(candidate.resolve(), addonVersion);
    } catch (error) {
      failures.push(`  ${candidate.name}: ${(error as Error).message}`);
      cause = error;
    }
  }
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

function open<Addon extends NativeAddonBase>(path: string, addonVersion: number): Addon {
  const addon = require(path) as Addon;
  if (addon.addonVersion !== addonVersion || addon.planVersion !== PLAN_VERSION) {
    throw new Error(
      `it was built for version ${addon.addonVersion} of the addon and ${addon.planVersion} of the step plan, ` +
        `this package needs ${addonVersion} and ${PLAN_VERSION}`,
    );
  }
  addon.setErrorFactory((code, message) => new OctavoError({ code: code as ErrorCode, message }));
  return addon;
}

function existing(path: string): string {
  if (existsSync(path)) return path;
  throw new Error("there is no such file");
}

function installed(carrier: AddonCarrier): string {
  try {
    return carrier.resolve();
  } catch {
    const why = "there is none for every platform, and --omit=optional leaves it out";
    throw new Error(`the package is not installed (${why})`);
  }
}

/** An addon built against a newer one does not load. */
function glibc(): string {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const version = report?.header?.glibcVersionRuntime;
  return version ? `, glibc ${version}` : "";
}
