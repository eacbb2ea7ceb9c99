/** What the pages show can be typed as it stands: TypeScript compiles, YAML is taken by the real schemas, commands exist. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import ts from 'typescript'
import { parse, stringify } from 'yaml'
import type { ZodType } from 'zod'
import { runCommand } from '../../../docker/demo/process.ts'
import { checkConfigText } from '../../../src/cli/config-file.ts'
import { wrongFile, type FileKind } from '../../../src/cli/file-kind.ts'
import { connectorConfigSchema } from '../../../src/connector/index.ts'
import { gatewayConfigSchema } from '../../../src/gateway/index.ts'
import { policySchema } from '../../../src/sso/index.ts'
import { pageSnippets, ROOT, type Snippet } from '../../support/page-snippets.ts'

type Section = Readonly<Record<string, unknown>>

/** What a server hands to the code in a snippet. */
const GIVEN = `import type { IncomingMessage, ServerResponse } from 'node:http'
declare const request: IncomingMessage
declare const response: ServerResponse
`

/** Compiled in the place of a test, so that `sallyport/kerberos` is this very checkout. */
function faultsIn(snippets: readonly Snippet[]): readonly string[] {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT)
  const files = new Map(
    snippets.map(({ text }, at) => [join(import.meta.dirname, `snippet-${at}.ts`), GIVEN + text]),
  )
  const settings = {
    ...options,
    noUnusedLocals: false,
    isolatedDeclarations: false,
    declaration: false,
  }
  const disk = ts.createCompilerHost(settings)
  const host: ts.CompilerHost = {
    ...disk,
    readFile: (path) => files.get(path) ?? disk.readFile(path),
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    getSourceFile: (path, ...rest) => {
      const text = files.get(path)
      const [language] = rest
      return text === undefined
        ? disk.getSourceFile(path, ...rest)
        : ts.createSourceFile(path, text, language)
    },
  }
  const program = ts.createProgram([...files.keys()], settings, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const at = [...files.keys()].indexOf(file?.fileName ?? '')
    return `${snippets[at]?.at ?? 'elsewhere'}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}

describe('TypeScript on the pages', () => {
  it('compiles against the sources', { timeout: 120_000 }, () => {
    // The examples of that page are programs which test/interop/examples.test.ts runs.
    const snippets = pageSnippets('ts').filter(({ at }) => !at.includes('kerberos-client.md'))
    assert.ok(snippets.length >= 3)
    const wrong = { at: 'here', text: "import { Acceptors } from 'sallyport/kerberos'\n" }
    const [fault = '', ...others] = faultsIn([wrong, ...snippets])
    assert.match(fault, /^here: .*Acceptors/)
    assert.deepEqual(others, [])
  })
})

/** A file that is whole, for what a page leaves out. */
function demo(kind: FileKind): Section {
  const text = readFileSync(join(ROOT, `docker/sallyport/demo/${kind}.yaml`), 'utf8')
  return parse(text.replaceAll('@DC@', '10.0.0.1')) as Section
}

const SCHEMAS: Readonly<Record<FileKind, ZodType>> = {
  gateway: gatewayConfigSchema,
  connector: connectorConfigSchema,
  policy: policySchema,
}
const KINDS = Object.keys(SCHEMAS) as FileKind[]

/** What rows need that a page leaves out. */
const ROWS: Readonly<Record<string, Section>> = {
  apps: {
    externalUrl: 'https://intranet.example.com/',
    internalUrl: 'http://intranet.corp.example/',
  },
  issuers: { audience: 'sallyport', loginClaim: 'upn', jwksUrl: 'https://login.example.com/jwks' },
  backends: { origin: 'https://intranet.corp.example' },
}

/** Rows of apps and parts of a row stand alone on some pages. */
function asSections(value: unknown): Section {
  if (Array.isArray(value)) return { apps: value }
  const section = value as Section
  return 'headerSignOn' in section ? { backends: [section] } : section
}

function merged(name: string, own: unknown, base: unknown): unknown {
  const row = ROWS[name]
  if (row !== undefined) return (own as readonly Section[]).map((each) => ({ ...row, ...each }))
  if (Array.isArray(own) || typeof own !== 'object') return own
  return { ...(base as Section | undefined), ...own }
}

function kindOf(names: readonly string[]): FileKind | undefined {
  const others = (kind: FileKind) => KINDS.filter((other) => other !== kind)
  return KINDS.find((each) => others(each).every((other) => wrongFile('', names, other)))
}

/** What a snippet that is a part of a file leaves out is filled in. */
function filledIn(shown: Section, kind: FileKind): Section {
  const { directory, ...rest } = demo(kind)
  const base = directory === undefined || 'directories' in shown ? rest : { ...rest, directory }
  const own = Object.entries(shown).map(([name, value]) => [name, merged(name, value, base[name])])
  return { ...base, ...Object.fromEntries(own) } as Section
}

/** Throws for a snippet that is no configuration. README's are whole. */
function check({ at, text }: Snippet): void {
  const shown = asSections(parse(text))
  const kind = kindOf(Object.keys(shown))
  assert.ok(kind, `${at} belongs to none of the files`)
  const whole = at.startsWith('README.md') ? text : stringify(filledIn(shown, kind))
  checkConfigText(at, whole, { kind, schema: SCHEMAS[kind] })
}

describe('YAML on the pages', () => {
  for (const snippet of pageSnippets('yaml')) {
    it(`${snippet.at} is taken by its schema`, () => {
      check(snippet)
    })
  }

  it('is refused with a field that there is not', () => {
    assert.throws(() => {
      check({ at: 'here', text: 'kerberos: { keytabs: x }' })
    }, /kerberos: unknown field keytabs/)
  })
})

/** `sallyport connector run --config x`: the command, and its options. */
function commandsIn(text: string): readonly (readonly [string, readonly string[]])[] {
  const lines = text.replaceAll(/#.*$/gm, '').matchAll(/(?:^|[|;&] *)\s*sallyport (.+)$/gm)
  return [...lines].map(([, line = '']) => {
    const words = line.split(/\s+/)
    const command = words.slice(
      0,
      words.findIndex((word) => !/^[a-z-]+$/.test(word) || word.startsWith('-')),
    )
    return [command.join(' '), words.filter((word) => /^--?[a-z]/.test(word))] as const
  })
}

describe('commands on the pages', () => {
  const shell = pageSnippets('sh')

  it('exist, with their options', { timeout: 120_000 }, async () => {
    const commands = shell.flatMap(({ at, text }) =>
      commandsIn(text).map((each) => [at, ...each] as const),
    )
    assert.ok(commands.length >= 6)
    for (const [at, command, options] of commands) {
      const { status, stdout } = await runCommand([...command.split(' '), '--help'])
      assert.equal(status, 0, `${at}: sallyport ${command}`)
      assert.match(stdout, new RegExp(`^Usage: sallyport ${command} `), at)
      for (const option of options)
        assert.match(stdout, new RegExp(`^ .*${option}\\b`, 'm'), `${at}: ${option}`)
    }
  })

  it('of npm are scripts of the package', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Section
    }
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
    const named = [...readme.matchAll(/npm run ([a-z:-]+)/g)].map(([, name = '']) => name)
    assert.ok(named.length > 5)
    assert.deepEqual(
      named.filter((name) => !(name in scripts)),
      [],
    )
  })
})
