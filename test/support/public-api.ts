/**
 * What the package exports, as the compiler sees it: documentation of each name, and places where a type is `any`.
 *
 * @module
 */

import { join } from 'node:path'
import ts from 'typescript'

const ROOT = join(import.meta.dirname, '../..')

/** A door of the package. */
export interface Door {
  /** As it is imported. */
  readonly name: string
  /** The source file behind it, an absolute path. */
  readonly file: string
}

/** An exported name. */
export interface Exported {
  /** Door and name. */
  readonly path: string
  /** What its docstring says, empty where it has none. */
  readonly documentation: string
  /** Members of a class or interface without a docstring. */
  readonly undocumentedMembers: readonly string[]
}

/** What was found. */
export interface PublicApi {
  readonly exports: readonly Exported[]
  /** Paths to each `any`. */
  readonly anys: readonly string[]
  /** Named types that exported ones are made of and that no door exports, each with a path to it. */
  readonly unexported: readonly string[]
}

/** What comes from npm is taken as it is. */
function isOurs(declaration: ts.Declaration): boolean {
  return !declaration.getSourceFile().fileName.includes('/node_modules/')
}

/**
 * Walks through types, each once: where is one `any`, and what are they made of? Types of libraries are taken as they are.
 */
class TypeWalker {
  readonly anys: string[] = []
  /** Named types of ours, with the path on which each was met first. */
  readonly named = new Map<ts.Symbol, string>()
  readonly #checker: ts.TypeChecker
  readonly #seen = new Set<ts.Type>()

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker
  }

  visit(type: ts.Type, path: string): void {
    if ((type.flags & ts.TypeFlags.Any) !== 0) this.anys.push(path)
    if (this.#seen.has(type)) return
    this.#seen.add(type)
    this.#note(type.aliasSymbol ?? type.symbol, path)
    type.aliasTypeArguments?.forEach((part, n) => {
      this.visit(part, `${path}<${n}>`)
    })
    if (type.isUnionOrIntersection()) {
      for (const part of type.types) this.visit(part, path)
      return
    }
    if ((type.flags & ts.TypeFlags.TypeParameter) !== 0) {
      const constraint = type.getConstraint()
      if (constraint !== undefined) this.visit(constraint, `${path} extends`)
    }
    if ((type.flags & ts.TypeFlags.Object) !== 0) this.#visitObject(type as ts.ObjectType, path)
  }

  #note(symbol: ts.Symbol | undefined, path: string): void {
    const isNamed = (declaration: ts.Declaration): boolean =>
      ts.isInterfaceDeclaration(declaration) ||
      ts.isClassDeclaration(declaration) ||
      ts.isTypeAliasDeclaration(declaration)
    if (symbol === undefined || this.named.has(symbol)) return
    const declarations = symbol.declarations ?? []
    if (declarations.some((each) => isOurs(each) && isNamed(each))) this.named.set(symbol, path)
  }

  #visitObject(type: ts.ObjectType, path: string): void {
    if ((type.objectFlags & ts.ObjectFlags.Reference) !== 0) {
      this.#checker.getTypeArguments(type as ts.TypeReference).forEach((part, n) => {
        this.visit(part, `${path}<${n}>`)
      })
    }
    // Tuples have none.
    const symbol = type.symbol as ts.Symbol | undefined
    const declarations = symbol?.declarations ?? []
    if (!declarations.some(isOurs)) return
    for (const property of type.getProperties()) {
      // Fields that begin with # are nobody else's.
      if (property.name.startsWith('#') || !(property.declarations ?? []).every(isOurs)) continue
      this.visit(this.#checker.getTypeOfSymbol(property), `${path}.${property.name}`)
    }
    for (const info of this.#checker.getIndexInfosOfType(type)) {
      this.visit(info.type, `${path}[]`)
    }
    this.visitSignatures(type, path)
  }

  visitSignatures(type: ts.Type, path: string): void {
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      for (const parameter of signature.getParameters()) {
        this.visit(this.#checker.getTypeOfSymbol(parameter), `${path}(${parameter.name})`)
      }
      this.visit(signature.getReturnType(), `${path}()`)
      for (const parameter of signature.getTypeParameters() ?? []) this.visit(parameter, path)
    }
  }
}

function documentationOf(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim()
}

/** Public members of a class, and all of an interface; the compiler's own names for others begin with two underscores. */
function undocumentedMembers(symbol: ts.Symbol, checker: ts.TypeChecker): string[] {
  const members = [...(symbol.members?.values() ?? [])]
  const named = members.filter(
    ({ name, declarations = [] }) =>
      declarations.some(isOurs) && !name.startsWith('__') && !name.startsWith('#'),
  )
  return named.filter((member) => documentationOf(member, checker) === '').map(({ name }) => name)
}

function aliased(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
}

/**
 * Looks at what is exported.
 *
 * @param doors - Through which.
 * @returns All exported names, and what is amiss with their types.
 */
export function publicApi(doors: readonly Door[]): PublicApi {
  const configFile = join(ROOT, 'tsconfig.json')
  const { config } = ts.readConfigFile(configFile, (path) => ts.sys.readFile(path)) as {
    readonly config: unknown
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  const program = ts.createProgram(
    doors.map(({ file }) => file),
    options,
  )
  const checker = program.getTypeChecker()
  const walker = new TypeWalker(checker)
  // By name: rooms that may not know each other have a type of one name twice.
  const exported = new Set<string>()
  const exports = doors.flatMap(({ name: door, file }) => {
    const source = program.getSourceFile(file)
    const module = source && checker.getSymbolAtLocation(source)
    if (module === undefined) throw new Error(`${file} exports nothing`)
    return checker.getExportsOfModule(module).map((each) => {
      const path = `${door}: ${each.name}`
      const symbol = aliased(each, checker)
      exported.add(symbol.name)
      const isType = ts.SymbolFlags.Class | ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias
      if ((symbol.flags & isType) !== 0) walker.visit(checker.getDeclaredTypeOfSymbol(symbol), path)
      const typeOnly = each.declarations?.every(ts.isTypeOnlyImportOrExportDeclaration) === true
      if (!typeOnly && (symbol.flags & ts.SymbolFlags.Value) !== 0) {
        walker.visit(checker.getTypeOfSymbol(symbol), path)
      }
      const documentation = documentationOf(symbol, checker)
      return { path, documentation, undocumentedMembers: undocumentedMembers(symbol, checker) }
    })
  })
  const unexported = [...walker.named]
    .filter(([symbol]) => !exported.has(symbol.name))
    .map(([symbol, path]) => `${symbol.name}, in ${path}`)
  return { exports, anys: walker.anys, unexported }
}
