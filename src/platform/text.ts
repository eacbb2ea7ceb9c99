/**
 * Words, tables and foreign text for people at a terminal, also for the commands that they are to run.
 *
 * @module
 */

/**
 * A number with its noun.
 *
 * @param count - How many.
 * @param noun - Of one.
 * @param plural - Of several. Default: the noun with an `s`.
 * @returns For example `1 app`, `2 apps`, `0 apps`.
 */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}

/**
 * Takes the teeth out of what others sent: no control character reaches the terminal.
 *
 * @param text - Any text.
 * @returns One line, with `?` in their place.
 */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}

/**
 * Sets cells below each other.
 *
 * @param rows - As many cells each.
 * @returns A line for each row, two spaces between the columns.
 */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/**
 * Quotes for a POSIX shell.
 *
 * @param text - Any text without NUL.
 * @returns One word; bare where no character means anything to a shell.
 */
export function shellWord(text: string): string {
  if (/^[\w./@%+=:,][\w./@%+=:,-]*$/.test(text)) return text
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/**
 * Quotes for PowerShell.
 *
 * @param text - Any text.
 * @returns One single-quoted string; typographic quotes count as quotes there.
 */
export function powershellWord(text: string): string {
  return `'${text.replaceAll(/['‘’‚‛]/g, '$&$&')}'`
}

/**
 * Quotes for YAML.
 *
 * @param text - Any text.
 * @returns One value, also within a list or a map in one line; bare where it can be nothing else than this text.
 */
export function yamlWord(text: string): string {
  const plain =
    /^[A-Za-z][\w./@$:-]*[\w/$]$/.test(text) && !/^(?:true|false|null|yes|no|on|off)$/i.test(text)
  return plain ? text : JSON.stringify(text)
}
