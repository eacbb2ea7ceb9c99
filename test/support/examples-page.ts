/**
 * Pages that show whole files: a comment names the file, and the code block after it is that file.
 *
 *     <!-- example: test/examples/accept.ts -->
 *
 * @module
 */

const MARKER = /<!-- example: (?<path>\S+) -->\n\n```ts\n(?<code>[\s\S]*?)```\n/g

/** A page and its code blocks. */
export interface ExamplesPage {
  /** The page with every block as its file is now. */
  readonly page: string
  /** The files it shows, in order. */
  readonly shown: readonly string[]
}

/**
 * Fills in the files.
 *
 * @param page - The page as it is.
 * @param readText - Reads a file it names.
 * @returns The page as it should be.
 */
export function fillExamples(page: string, readText: (path: string) => string): ExamplesPage {
  const shown: string[] = []
  const filled = page.replaceAll(MARKER, (...match) => {
    const { path = '' } = match.at(-1) as Record<string, string>
    shown.push(path)
    return `<!-- example: ${path} -->\n\n\`\`\`ts\n${readText(path)}\`\`\`\n`
  })
  return { page: filled, shown }
}
