// Where the chat page's files lie. This module sits one level below the package's root in src/ as in dist/.

export const pageFolder = new URL("../page/", import.meta.url);
