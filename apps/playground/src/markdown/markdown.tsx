// Shows Markdown nodes. Every text goes in as a text node.
import { useMemo } from "preact/hooks";
import { CopyButton } from "../view/copy-button.js";
import type { Block, Inline, ListItem } from "./nodes.js";
import { parseMarkdown } from "./parse.js";

export function Markdown({ text }: { text: string }) {
  return useMemo(() => <div class="prose">{parseMarkdown(text).map(block)}</div>, [text]);
}

function block(node: Block) {
  switch (node.kind) {
    case "paragraph":
      return <p>{node.children.map(inline)}</p>;
    case "tight":
      return <>{node.children.map(inline)}</>;
    case "heading":
      return heading(node.level, node.children);
    case "code":
      return <CodeBlock language={node.language} text={node.text} />;
    case "quote":
      return <blockquote>{node.children.map(block)}</blockquote>;
    case "list":
      return node.start === null ? <ul>{node.items.map(item)}</ul> : <ol start={node.start}>{node.items.map(item)}</ol>;
    case "table":
      return <Table node={node} />;
    case "rule":
      return <hr />;
  }
}

/** The page has headings of its own above those of an answer. */
function heading(level: number, children: readonly Inline[]) {
  const content = children.map(inline);
  if (level === 1) return <h3>{content}</h3>;
  if (level === 2) return <h4>{content}</h4>;
  if (level === 3) return <h5>{content}</h5>;
  return <h6>{content}</h6>;
}

function item({ done, children }: ListItem) {
  if (done === null) return <li>{children.map(block)}</li>;
  return (
    <li class="task">
      <input type="checkbox" checked={done} disabled aria-label={done ? "done" : "to do"} /> {children.map(block)}
    </li>
  );
}

function CodeBlock({ language, text }: { language: string; text: string }) {
  return (
    <figure class="code">
      <figcaption>
        <span>{language}</span>
        <CopyButton text={text} label="Copy code" />
      </figcaption>
      <pre>
        <code>{text}</code>
      </pre>
    </figure>
  );
}

function Table({ node: { align, header, rows } }: { node: Extract<Block, { kind: "table" }> }) {
  const cell = (tag: "th" | "td") => (children: readonly Inline[], column: number) => {
    const Tag = tag;
    return <Tag class={align[column] ?? undefined}>{children.map(inline)}</Tag>;
  };
  return (
    <div class="table">
      <table>
        <thead>
          <tr>{header.map(cell("th"))}</tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>{row.map(cell("td"))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(node: Inline) {
  switch (node.kind) {
    case "text":
      return node.text;
    case "code":
      return <code>{node.text}</code>;
    case "break":
      return <br />;
    case "strong":
      return <strong>{node.children.map(inline)}</strong>;
    case "emphasis":
      return <em>{node.children.map(inline)}</em>;
    case "deleted":
      return <del>{node.children.map(inline)}</del>;
    case "link":
      return (
        <a href={node.href} target="_blank" rel="noopener noreferrer nofollow">
          {node.children.map(inline)}
        </a>
      );
  }
}
