/**
 * Code blocks of the pages that people read.
 *
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The checkout. */
export const ROOT: string = join(import.meta.dirname, '..', '..')

/** One code block. */
export interface Snippet {
  /** Page and line, for messages. */
  readonly at: string
  /** Without the indentation of the list that it stands in. */
  readonly text: string
}

const BLOCK = /^(?<indent> *)```(?<language>\w+)\n(?<text>[\s\S]*?)^ *```$/gm

function pages(): readonly string[] {
  const notes = readdirSync(join(ROOT, 'native-notes')).filter((name) => name.endsWith('.md'))
  return ['README.md', 'docker/README.md', ...notes.map((name) => `native-notes/${name}`)]
}

function snippetsOf(page: string, language: string): readonly Snippet[] {
  const whole = readFileSync(join(ROOT, page), 'utf8')
  return [...whole.matchAll(BLOCK)].flatMap(({ index, groups }) => {
    if (groups?.['language'] !== language) return []
    const { indent = '', text = '' } = groups
    const line = whole.slice(0, index).split('\n').length
    return [{ at: `${page}:${line}`, text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), '') }]
  })
}

/**
 * All code blocks of a language.
 *
 * @param language - As behind the three backticks.
 * @returns In the order of the pages.
 */
export function pageSnippets(language: string): readonly Snippet[] {
  return pages().flatMap((page) => snippetsOf(page, language))
}
