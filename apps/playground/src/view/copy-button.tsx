// Copies a text and says for a moment that it did.
import { useState } from "preact/hooks";
import { copyText } from "./clipboard.js";
import { IconButton } from "./icons.js";
import { announce } from "./live-region.js";

const SAY_FOR = 1600;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    const done = await copyText(text);
    announce(done ? "Copied" : "The browser does not allow copying");
    if (!done) return;
    setCopied(true);
    setTimeout(() => setCopied(false), SAY_FOR);
  };
  return <IconButton icon={copied ? "done" : "copy"} label={label} onClick={() => void copy()} />;
}
