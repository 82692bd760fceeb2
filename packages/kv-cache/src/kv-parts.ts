// What the sequences of one cache share.
import type { BlockCopies } from "./block-copies.js";
import type { BlockHasher } from "./block-hash.js";
import type { BlockPool } from "./block-pool.js";
import type { FileTier } from "./file-tier.js";
import type { HostTier } from "./host-tier.js";
import type { PrefixCache } from "./prefix-cache.js";

export interface KvParts {
  readonly blockSize: number;
  /** Groups of layers, whose blocks are of one pool. */
  readonly numGroups: number;
  readonly pool: BlockPool;
  readonly copies: BlockCopies;
  readonly hasher: BlockHasher;
  readonly prefixCache: PrefixCache | undefined;
  readonly hostTier: HostTier | undefined;
  readonly fileTier: FileTier | undefined;
  /** Raised by a reset: what a sequence computed before must not be registered or shared after. */
  epoch: number;
}
