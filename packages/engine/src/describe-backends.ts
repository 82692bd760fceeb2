// What this machine has to run models on, for `octavo doctor`: found as an engine would find it.
import { readFileSync } from "node:fs";
import { OctavoError } from "@octavo/core";
import { loadBackend } from "./load-backend.js";

/** Whether a device can be used here, and how. */
export interface BackendReport {
  /** What `device` calls it. */
  readonly device: "cpu" | "cuda";
  /** The package of its kernels. */
  readonly package: string;
  /** Of the installed package; null: it is not installed. */
  readonly version: string | null;
  /** The backend's own words, such as "avx2, 2 threads"; null: it cannot be used. */
  readonly description: string | null;
  /** Bytes that are free for a model. */
  readonly availableBytes: number | null;
  /** Why it cannot be used, and what to do. */
  readonly problem: string | null;
}

const DEVICES = ["cpu", "cuda"] as const;

/** Every backend, in this order: CPU, CUDA. Creates each for a moment. */
export async function describeBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = [];
  for (const device of DEVICES) reports.push(await describe(device));
  return reports;
}

async function describe(device: BackendReport["device"]): Promise<BackendReport> {
  const name = `@octavo/kernels-${device}`;
  const version = installedVersion(name);
  try {
    const backend = await loadBackend(device, {});
    try {
      const { description, availableBytes } = backend.info;
      return { device, package: name, version, description, availableBytes, problem: null };
    } finally {
      backend.dispose();
    }
  } catch (error) {
    const problem = OctavoError.from(error).message;
    return { device, package: name, version, description: null, availableBytes: null, problem };
  }
}

function installedVersion(name: string): string | null {
  try {
    const manifest = new URL("../package.json", import.meta.resolve(name));
    return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
  } catch {
    return null;
  }
}
