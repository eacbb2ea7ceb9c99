import js from '@eslint/js'
import jsdoc from 'eslint-plugin-jsdoc'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const message =
  'Time, chance, disk, network and environment arrive as ports; only */io/ and cli/ touch them.'
const GLOBALS = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
  'WebSocket',
  'EventSource',
  'crypto',
  'performance',
  'process',
  'console',
]
const RANDOM = [
  'default',
  'randomBytes',
  'randomFill',
  'randomFillSync',
  'randomInt',
  'randomUUID',
  'getRandomValues',
  'webcrypto',
]
const IMPORT_TS = {
  message: 'Import the .ts file: tsc accepts .js, Node does not find it.',
  selector:
    ':matches(ImportDeclaration, ExportAllDeclaration, ExportNamedDeclaration, ImportExpression)[source.value=/^[.].*[.][cm]?js$/]',
}
const noOutsideWorld = {
  'no-restricted-globals': ['error', ...GLOBALS.map((name) => ({ name, message }))],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message },
    { object: 'Math', property: 'random', message },
    { object: 'AbortSignal', property: 'timeout', message },
    ...GLOBALS.map((property) => ({ object: 'globalThis', property, message })),
  ],
  'no-restricted-syntax': [
    'error',
    IMPORT_TS,
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message },
    { selector: "CallExpression[callee.name='Date']", message },
  ],
  'no-restricted-imports': [
    'error',
    { paths: ['node:crypto', 'crypto'].map((name) => ({ name, importNames: RANDOM, message })) },
  ],
}
const documented = {
  publicOnly: true,
  require: { ClassDeclaration: true, FunctionDeclaration: true },
  contexts: ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'],
}
const knownSafe = [
  { from: 'package', package: 'node:test', name: ['describe', 'it', 'suite', 'test'] },
]

export default defineConfig(
  globalIgnores(['dist/', 'build/', 'coverage/', '.lab/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { jsdoc },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', 60],
      'max-params': ['error', 3],
      complexity: ['error', 12],
      'no-restricted-syntax': ['error', IMPORT_TS],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: knownSafe }],
      'jsdoc/require-jsdoc': ['error', documented],
      'jsdoc/require-description': ['error', { contexts: ['any'] }],
      'jsdoc/no-types': 'error',
      'jsdoc/require-param-description': 'error',
      'jsdoc/require-returns-description': 'error',
      'jsdoc/check-param-names': ['error', { checkDestructured: false }],
      'jsdoc/check-tag-names': 'error',
      'jsdoc/empty-tags': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'jsdoc/require-file-overview': [
        'error',
        { tags: { module: { mustExist: true, preventDuplicates: true } } },
      ],
    },
  },
  { files: ['src/**'], ignores: ['src/*/io/**', 'src/cli/**'], rules: noOutsideWorld },
  { files: ['test/**'], rules: { 'max-lines-per-function': 'off' } },
  {
    files: ['**/*.{js,cjs}'],
    languageOptions: {
      globals: { URL: 'readonly', process: 'readonly', console: 'readonly', module: 'writable' },
    },
  },
)
