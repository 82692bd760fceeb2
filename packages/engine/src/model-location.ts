// Where an engine's models come from, and under which name.
import type { DownloadProgress } from "@octavo/hub";

/** Where an engine's models come from. */
export interface ModelLocation {
  /** Of a model of a hub: branch, tag or commit. Default: its default branch. */
  readonly revision?: string;
  /** Folder, GGUF file or name on a hub to take the tokenizer of. Default: the model. */
  readonly tokenizer?: string;
  /** As `revision`, of `tokenizer`. Default: `revision` where the tokenizer is the model's. */
  readonly tokenizerRevision?: string;
  /** Where models of a hub are kept, in the layout of Hugging Face's cache. Default: `HF_HUB_CACHE`, or below `HF_HOME`. */
  readonly downloadDir?: string;
  /** Token for models that are gated or private. Default: `HF_TOKEN`, then what `hf auth login` wrote. */
  readonly hfToken?: string;
  /** Told how far a download is. Nothing is told where all is in the cache. */
  readonly onDownloadProgress?: (progress: DownloadProgress) => void;
}
