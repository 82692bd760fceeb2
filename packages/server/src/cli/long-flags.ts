// vLLM's other spellings of flags, as the one that commander knows.

/** Of several letters, which commander would read as several flags. */
const SHORT: ReadonlyMap<string, string> = new Map([["-sc", "--speculative-config"]]);

/** `-sc` and `--max_model_len=8` as `--speculative-config` and `--max-model-len=8`; values stay as they are. */
export function longFlags(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  return argv.map((word, index) => {
    if (end !== -1 && index >= end) return word;
    const [flag = "", ...value] = word.split("=");
    const long = SHORT.get(flag) ?? (/^--[a-z0-9_-]+$/.test(flag) ? flag.replaceAll("_", "-") : flag);
    return [long, ...value].join("=");
  });
}
