// Where the chat page's files lie: in dist/, whether this module runs from src/ or, built, from dist/ itself.

export const pageFolder = new URL("../dist/page/", import.meta.url);
