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

/** What steers a terminal: control characters, further line breaks (U+2028, U+2029), and what turns the reading direction (Unicode annex 9). */
const STEERING = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu

/**
 * Takes the teeth out of what others sent: nothing that steers the terminal reaches it.
 *
 * @param text - Any text.
 * @returns One line, with `?` in their place.
 */
export function printable(text: string): string {
  return text.replace(STEERING, '?')
}

/**
 * The same for several lines, whose line feeds stay.
 *
 * @param text - Any text.
 * @returns As many lines.
 */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/**
 * Escapes what JSON lets through and a terminal obeys, such as DEL and the C1 control characters.
 *
 * @param json - JSON, set in with line feeds and spaces alone.
 * @returns JSON of the same value.
 */
export function escapeControls(json: string): string {
  return json.replace(STEERING, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * A value as JSON for people and programs.
 *
 * @param value - What JSON can hold.
 * @returns Several lines; no control character but line feeds.
 */
export function jsonText(value: unknown): string {
  return escapeControls(JSON.stringify(value, undefined, 2))
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
