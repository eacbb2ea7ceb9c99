const FLOORS = [
  ['platform'],
  ['asn1'],
  ['kerberos', 'directory', 'pki', 'tunnel'],
  ['sso'],
  ['gateway', 'connector', 'updater', 'doctor'],
  ['cli'],
]
const OUTSIDE = '^src/([^/]+/io|cli)/'
const BUILTINS =
  'module|net|tls|https?|http2|dgram|dns|fs|child_process|cluster|worker_threads|os|process|timers|sqlite|readline|repl|vm'
const PACKAGES =
  'ws|bufferutil|undici|pino|ldapts|pg|kerberos|fastify|@fastify/[^/]+|prom-client|openid-client|commander|yaml'

const rule = (name, from, to) => ({ name, severity: 'error', from, to })
const floorRules = FLOORS.flatMap((rooms, floor) =>
  rooms.map((room) =>
    rule(
      `floor-${room}`,
      { path: `^src/${room}/` },
      { path: '^src/', pathNot: `^src/(${[room, ...FLOORS.slice(0, floor).flat()].join('|')})/` },
    ),
  ),
)
const inKerberos = (part, may) =>
  rule(
    `kerberos-${part.replace(/\W+/g, '-')}`,
    { path: `^src/kerberos/(${part})/` },
    { path: '^src/kerberos/', pathNot: [`^src/kerberos/(${may})/`, '^src/kerberos/errors[.]ts$'] },
  )

module.exports = {
  forbidden: [
    ...floorRules,
    rule('known-rooms', { path: `^src/(?!(${FLOORS.flat().join('|')})/)` }, {}),
    inKerberos('iana', 'iana'),
    inKerberos('messages', 'messages|iana'),
    inKerberos('crypto', 'crypto|iana'),
    inKerberos('files|gss|exchange', 'files|gss|exchange|messages|crypto|iana'),
    inKerberos('accept', 'accept|files|gss|messages|crypto|iana'),
    rule(
      'kerberos-client-is-below-io',
      { path: '^src/kerberos/client[^/]*[.]ts$' },
      { path: '^src/kerberos/(io/|index[.]ts$)' },
    ),
    rule('no-circular', {}, { circular: true }),
    rule('not-to-unresolvable', {}, { couldNotResolve: true }),
    rule('src-never-imports-test', { path: '^src/' }, { path: '^(test|fixtures|docker)/' }),
    rule(
      'src-never-imports-dev-packages',
      { path: '^src/' },
      {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'outside-world-only-in-io',
      { path: '^src/', pathNot: OUTSIDE },
      { path: `^(node:)?(${BUILTINS})(/|$)|node_modules/(${PACKAGES})/` },
    ),
    rule('adapters-wired-by-cli', { path: '^src/', pathNot: OUTSIDE }, { path: '^src/[^/]+/io/' }),
    rule(
      'rooms-have-one-door',
      { path: '^src/([^/]+)/' },
      { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index[.]ts$', '^src/[^/]+/io/'] },
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['sallyport-source', 'import', 'node', 'default', 'types'],
    },
  },
}
