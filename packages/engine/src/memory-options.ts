// How much memory an engine may have, as its options say it.
import { totalmem } from "node:os";
import { checkArgument } from "@octavo/core";
import type { EngineOptions } from "./engine-options.js";
import { flagName } from "./option-values.js";

const DEFAULT_UTILIZATION = 0.9;

/** An engine's share of a GPU's memory. */
export function resolveUtilization({ gpuMemoryUtilization: share = DEFAULT_UTILIZATION }: EngineOptions): number {
  const flag = flagName("gpuMemoryUtilization");
  checkArgument(share > 0 && share <= 1, `${flag} must be above 0 and at most 1, got ${share}`, flag);
  return share;
}

/** Bytes of host memory for the KV cache. @throws INVALID_ARGUMENT */
export function resolveOffloading({ kvOffloadingSize: size = 0, enablePrefixCaching = true }: EngineOptions): number {
  const flag = flagName("kvOffloadingSize");
  const most = totalmem() / 2 ** 30;
  checkArgument(
    size >= 0 && size <= most,
    `${flag} must be from 0 to the ${most.toFixed(1)} GiB of this machine, got ${size}`,
    flag,
  );
  checkArgument(
    size === 0 || enablePrefixCaching,
    `${flag} needs prefix caching, whose blocks it holds: set enable_prefix_caching, or leave ${flag} out`,
    flag,
  );
  return Math.floor(size * 2 ** 30);
}

/** Far more than a disk has; its blocks are counted in arrays. */
const MOST_FILE_GIB = 4096;
const DEFAULT_FILE_GIB = 16;

/** Bytes of the file that host memory's blocks go on to; 0 without one. @throws INVALID_ARGUMENT */
export function resolveFileSize(options: EngineOptions): number {
  const { kvOffloadingFile: path, kvOffloadingFileSize: size = DEFAULT_FILE_GIB, kvOffloadingSize = 0 } = options;
  const [file, sizeFlag] = [flagName("kvOffloadingFile"), flagName("kvOffloadingFileSize")];
  checkArgument(
    size > 0 && size <= MOST_FILE_GIB,
    `${sizeFlag} must be a size in GiB above 0 and at most ${MOST_FILE_GIB}, got ${size}`,
    sizeFlag,
  );
  if (path === undefined) {
    checkArgument(options.kvOffloadingFileSize === undefined, `${sizeFlag} needs ${file}`, sizeFlag);
    return 0;
  }
  checkArgument(path !== "", `${file} must not be empty`, file);
  checkArgument(kvOffloadingSize > 0, `${file} needs kv_offloading_size: blocks go through host memory`, file);
  return Math.floor(size * 2 ** 30);
}
