/** Told while a model loads. */
export interface LoadListener {
  /** So many of the model's parameters are loaded; some times a second, and at the end. */
  readonly onProgress?: (done: number, total: number) => void;
}
