// TypeDoc's Markdown, shorter: a signature says the types, so that only documented parameters and results get a line of their own.
import { MarkdownTheme, MarkdownThemeContext } from "typedoc-plugin-markdown";

class CompactContext extends MarkdownThemeContext {
  constructor(...args) {
    super(...args);
    const text = (comment) => {
      const words = this.helpers.getCommentParts(comment?.summary ?? []);
      return words.trim().replace(/\s*\n\s*/g, " ");
    };
    const tagText = (comment, name) =>
      (comment?.blockTags ?? [])
        .filter(({ tag }) => tag === name)
        .map(({ content }) =>
          this.helpers
            .getCommentParts(content)
            .trim()
            .replace(/\s*\n\s*/g, " "),
        )
        .join("; ");

    const notes = (signature) => {
      const lines = [];
      const parameters = [...(signature.typeParameters ?? []), ...(signature.parameters ?? [])];
      for (const { name, comment } of parameters) {
        if (text(comment)) lines.push(`- \`${name}\`: ${text(comment)}`);
      }
      const returned = tagText(signature.comment, "@returns");
      if (returned) lines.push(`- returns ${returned}`);
      const thrown = tagText(signature.comment, "@throws");
      if (thrown) lines.push(`- throws ${thrown}`);
      return lines.join("\n");
    };

    const described = (signature, comment, title) =>
      [title, comment ? this.helpers.getCommentParts(comment.summary) : "", notes(signature)]
        .filter((part) => part)
        .join("\n\n");

    const { signatureTitle, comment } = this.partials;
    this.partials.signature = (signature, { hideTitle, multipleSignatures, accessor }) =>
      described(
        signature,
        multipleSignatures ? signature.comment : (signature.comment ?? signature.parent?.comment),
        hideTitle ? "" : signatureTitle(signature, { accessor }),
      );
    this.partials.signatures = (model) =>
      (model.signatures ?? [])
        .map((signature, i, all) => {
          // Overloads that say the same say it once, at the last one.
          const next = all[i + 1];
          const silent = next && text(next.comment) === text(signature.comment);
          return silent ? signatureTitle(signature) : this.partials.signature(signature, {});
        })
        .join("\n\n");
    this.partials.constructor = (model) => this.partials.signatures(model);
    this.partials.accessor = (model) =>
      [model.getSignature, model.setSignature]
        .filter((signature) => signature)
        .map((signature) =>
          described(
            signature,
            signature.comment ?? model.comment,
            signatureTitle(signature, { accessor: signature === model.getSignature ? "get" : "set" }),
          ),
        )
        .join("\n\n");
    this.partials.inheritance = () => "";
    // Other tags (`@throws` of a property, `@example`) as a line, not as a heading.
    this.partials.comment = (model, options) => comment(model, { ...options, headingLevel: undefined });
  }
}

class CompactTheme extends MarkdownTheme {
  getRenderContext(page) {
    return new CompactContext(this, page, this.application.options);
  }
}

/** TypeDoc calls this: the theme's name is `compact`. */
export function load(app) {
  app.renderer.defineTheme("compact", CompactTheme);
}
