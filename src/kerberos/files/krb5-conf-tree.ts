/**
 * What a krb5.conf says, as a tree: sections hold relations and subsections, both may repeat.
 *
 * @module
 */

import { KerberosError } from '../errors.ts'

/** One value and where it stands. */
export interface ConfValue {
  /** The value without quotes. */
  readonly text: string
  /** `file:line`, for messages. */
  readonly at: string
}

/** What stands under one name. */
export interface ConfNode {
  /** Values, in the order of the file. */
  readonly values: ConfValue[]
  /** Relations of the subsections of this name together. */
  readonly children: Map<string, ConfNode>
  /** Marked with `*`: later files add nothing. */
  final: boolean
}

/**
 * A node that holds nothing.
 *
 * @returns The node.
 */
export function newNode(): ConfNode {
  return { values: [], children: new Map(), final: false }
}

/**
 * The child of that name, made where it is missing.
 *
 * @param node - Where to look.
 * @param name - The child's name.
 * @returns The child.
 */
export function childOf(node: ConfNode, name: string): ConfNode {
  let child = node.children.get(name)
  if (child === undefined) {
    child = newNode()
    node.children.set(name, child)
  }
  return child
}

/**
 * The error for a krb5.conf that cannot be understood.
 *
 * @param what - What is wrong.
 * @param at - `file:line`.
 * @returns ERR_KRB_CONF.
 */
export function confError(what: string, at: string): KerberosError {
  return new KerberosError('ERR_KRB_CONF', `${at}: ${what}`, {
    mend: 'The format is described in the manual page krb5.conf(5).',
  })
}

/** A parsed krb5.conf with its includes. */
export class Krb5Conf {
  readonly #root: ConfNode

  constructor(root: ConfNode) {
    this.#root = root
  }

  #find(path: readonly string[]): ConfNode | undefined {
    let node: ConfNode | undefined = this.#root
    for (const name of path) node = node?.children.get(name)
    return node
  }

  /** All values of a relation, for instance `all('realms', 'CORP.EXAMPLE', 'kdc')`. */
  all(...path: readonly string[]): readonly string[] {
    return this.#find(path)?.values.map(({ text }) => text) ?? []
  }

  /** The value that counts where only one does: the first. */
  first(...path: readonly string[]): ConfValue | undefined {
    return this.#find(path)?.values[0]
  }

  /** Names of the relations and subsections in a section, in the order of the file. */
  names(...path: readonly string[]): readonly string[] {
    return [...(this.#find(path)?.children.keys() ?? [])]
  }

  /** The files' trees joined, for instance those that KRB5_CONFIG lists; what is final in one stays as it is. */
  static join(files: readonly Krb5Conf[]): Krb5Conf {
    const root = newNode()
    for (const file of files) merge(root, file.#root)
    return new Krb5Conf(root)
  }
}

function merge(into: ConfNode, from: ConfNode): void {
  if (into.final) return
  into.values.push(...from.values)
  for (const [name, child] of from.children) merge(childOf(into, name), child)
  into.final = from.final
}
