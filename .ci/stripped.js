// Keeps TypeScript's types stripped between the processes of a test run (`node --import ./.ci/stripped.js --test …`): node strips every
// file anew in each process, which is two fifths of what a short suite costs. Node's own compile cache would keep more, but V8 counts
// nothing in functions that come from it, so coverage would be wrong; here V8 compiles as ever. Plain JavaScript: it is to spare just that.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'

const root = process.env.SALLYPORT_LAB_DIR ?? join(import.meta.dirname, '..', '.lab')
const folder = join(root, 'stripped')
const HASH_LETTERS = 64

const digest = (...parts) =>
  parts.reduce((h, part) => h.update(part), createHash('sha256')).digest('hex')

function kept(file, hash) {
  try {
    const text = readFileSync(file, 'utf8')
    return text.startsWith(hash) ? text.slice(HASH_LETTERS) : undefined
  } catch {
    return undefined
  }
}

/** Whole or not at all: other processes read it, and write the same, meanwhile. */
function keep(file, text) {
  const part = `${file}.${process.pid}-${threadId}`
  writeFileSync(part, text)
  renameSync(part, file)
}

/** Node warns that the function may change, in each process; that it is kept apart from what node itself does is seen by every test. */
function strip(source) {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}

/** One file for each source, so that an edited source leaves nothing behind. */
function stripped(url) {
  const source = readFileSync(new URL(url), 'utf8')
  const file = join(folder, digest(url))
  const hash = digest(process.version, source)
  const known = kept(file, hash)
  if (known !== undefined) return known
  const made = strip(source)
  keep(file, hash + made)
  return made
}

mkdirSync(folder, { recursive: true })
registerHooks({
  load(url, context, next) {
    if (!/^file:.*\.ts$/.test(url) || url.includes('/node_modules/')) return next(url, context)
    return { format: 'module', source: stripped(url), shortCircuit: true }
  },
})
