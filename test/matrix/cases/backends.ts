/** Backends that are down, misconfigured or do not do what a connector needs. */

import { createSecureServer } from 'node:http2'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Configuration } from '../../../docker/demo/configuration.ts'
import type { Fields, MatrixCase, Server } from '../case.ts'
import { ApacheWithItsOwnClock } from '../servers/apache-clock.ts'
import { Front } from '../servers/front.ts'
import { challenges, OddBackend } from '../servers/odd-backend.ts'
import { dnsNode } from '../world/ldif.ts'
import type { Names, Place } from '../world/place.ts'

/** TLS of the case's row. */
function tls(make: (place: Place) => Fields) {
  return {
    policy: (policy: Configuration, place: Place): void => {
      const rows = policy['backends'] as Configuration[]
      const row = rows.find((each) => each['origin'] === place.origin)
      Object.assign(row ?? {}, { tls: make(place) })
    },
  }
}

/** A backend of the test's own process first; the mend is Apache in its place. */
function oddCase(
  host: number,
  fields: Pick<MatrixCase, 'id' | 'name' | 'code' | 'doctor'> & {
    readonly serve: (place: Place) => Promise<Server>
    readonly says: RegExp
  },
): MatrixCase {
  const { says, ...rest } = fields
  const [advice = ''] = fields.doctor
  return {
    ...rest,
    dns: ({ address }) => address(host),
    mend: {
      advice,
      says,
      apply: async ({ directory, id, apacheAddress }) => {
        await directory.replaceName(dnsNode(id, apacheAddress))
      },
    },
  }
}

/** HTTP/1.1 alone is what connectors speak to such backends; this one speaks HTTP/2 alone. */
async function onlyHttp2({ address, certificates, host }: Place): Promise<Server> {
  const server = createSecureServer({ ...certificates.issue(host), allowHTTP1: false })
  server.listen(443, address(73))
  await once(server, 'listening')
  return {
    stop: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

/** Apache with a small limit for header fields: that of an address's first site counts, so it has one of its own. */
function smallHeaders(octets: number) {
  return ({ id, host, address }: Names): string => `Listen ${address(12)}:80
<VirtualHost ${address(12)}:80>
  ServerName ${host}
  LimitRequestFieldSize ${octets}
  Use Negotiate ${id} Off
</VirtualHost>
`
}

/** Binds as `iwa` of the lab, but says nothing of itself in its answers. */
function silent({ id, host }: Names): string {
  return `<VirtualHost \${LAB_BACKEND_ADDRESS}:80>
  ServerName ${host}
  Header always unset WWW-Authenticate "expr=%{REQUEST_STATUS} != 401"
  Header unset WWW-Authenticate "expr=%{REQUEST_STATUS} != 401"
  Use Negotiate ${id} Off
</VirtualHost>
`
}

const front = new Front()
const fast = new ApacheWithItsOwnClock()

export const BACKEND_CASES: readonly MatrixCase[] = [
  {
    id: 'backend-ca',
    name: 'the backend’s certificate is of another authority than its row’s',
    https: true,
    connector: {},
    spares: 'connector',
    edits: tls(({ tlsDirectory }) => ({ ca: join(tlsDirectory, 'ca.pem') })),
    code: 'ERR_BACKEND_TLS',
    doctor: ['DOCTOR_APP_TLS'],
    mend: { row: 'DOCTOR_APP_TLS', which: /pin/ },
  },
  {
    id: 'backend-pin',
    name: 'the backend’s key is not the one that its row pins',
    https: true,
    connector: {},
    spares: 'connector',
    edits: tls(() => ({ pin: 'ab'.repeat(32) })),
    code: 'ERR_BACKEND_TLS',
    doctor: ['DOCTOR_APP_TLS'],
    mend: { row: 'DOCTOR_APP_TLS' },
  },
  {
    id: 'backend-cert',
    name: 'the backend’s certificate has expired',
    https: true,
    breakIt: async ({ certificates, apache, id, host }) => {
      certificates.write(id, host, 60)
      await apache.reload()
    },
    code: 'ERR_BACKEND_TLS',
    doctor: ['DOCTOR_APP_CERT_EXPIRED'],
    mend: {
      advice: 'DOCTOR_APP_CERT_EXPIRED',
      says: /certificate/,
      apply: async ({ certificates, apache, id, host }) => {
        certificates.write(id, host)
        await apache.reload()
      },
    },
  },
  {
    id: 'epa-front',
    name: 'the backend wants channel bindings, and TLS ends before it',
    https: true,
    service: null,
    app: ({ host }) => ({
      internalUrl: `https://${host}/`,
      servicePrincipalName: 'HTTP/epa.corp.example',
    }),
    row: () => ({ servicePrincipalName: 'HTTP/epa.corp.example' }),
    dns: ({ address }) => address(70),
    serve: (place) => front.start(place, place.address(70), place.address(76)),
    code: 'ERR_SSO_BACKEND_REFUSED_TICKET',
    doctor: ['DOCTOR_APP_401'],
    mend: {
      advice: 'DOCTOR_APP_401',
      says: /TLS ends before.*Extended Protection/s,
      apply: () => front.passThrough(),
    },
  },
  oddCase(71, {
    id: 'always-401',
    name: 'the backend answers 401 for ever',
    serve: ({ address }) => OddBackend.start({ address: address(71) }, challenges('Negotiate')),
    code: 'ERR_SSO_BACKEND_REFUSED_TICKET',
    doctor: ['DOCTOR_APP_401'],
    says: /./,
  }),
  oddCase(72, {
    id: 'ntlm',
    name: 'the backend offers NTLM alone',
    serve: ({ address }) => OddBackend.start({ address: address(72) }, challenges('NTLM')),
    code: 'ERR_SSO_BACKEND_NTLM_ONLY',
    doctor: ['DOCTOR_APP_NTLM'],
    says: /Negotiate/,
  }),
  oddCase(74, {
    id: 'basic',
    name: 'the backend offers Basic alone',
    serve: ({ address }) =>
      OddBackend.start({ address: address(74) }, challenges('Basic realm="corp"')),
    code: 'ERR_SSO_BACKEND_BASIC_ONLY',
    doctor: ['DOCTOR_APP_NO_NEGOTIATE'],
    says: /Negotiate/,
  }),
  {
    ...oddCase(73, {
      id: 'http2',
      name: 'the backend speaks HTTP/2 alone',
      serve: onlyHttp2,
      code: 'ERR_BACKEND_TLS',
      doctor: ['DOCTOR_APP_HTTP2'],
      says: /HTTP\/1\.1/,
    }),
    https: true,
  },
  {
    id: 'backend-clock',
    name: 'the backend’s clock is 6 minutes ahead',
    dns: ({ address }) => address(77),
    serve: (place) => fast.start(place, place.address(77)),
    breakIt: () => fast.clock.set(360),
    code: 'ERR_SSO_BACKEND_CLOCK_SKEW',
    doctor: ['DOCTOR_APP_CLOCK', 'DOCTOR_BACKEND_CLOCK'],
    mend: {
      advice: 'DOCTOR_APP_CLOCK',
      says: /Set the clocks/,
      apply: () => fast.clock.set(0),
    },
  },
  {
    id: 'backend-down',
    name: 'the backend is down',
    dns: ({ address }) => address(75),
    code: 'ERR_BACKEND_UNREACHABLE',
    doctor: ['DOCTOR_APP_UNREACHABLE'],
    mend: {
      advice: 'DOCTOR_APP_UNREACHABLE',
      says: /./,
      apply: async ({ apache, id, host, address }) => {
        const site = `<VirtualHost ${address(75)}:80>\n  ServerName ${host}\n  Use Negotiate ${id} Off\n</VirtualHost>\n`
        apache.write(id, `Listen ${address(75)}:80\n${site}`)
        await apache.reload()
      },
    },
  },
  {
    id: 'no-name',
    name: 'the backend’s name is not in the DNS',
    dns: null,
    code: 'ERR_BACKEND_NAME',
    doctor: ['DOCTOR_APP_NAME'],
    mend: {
      advice: 'DOCTOR_APP_NAME',
      says: /dns/i,
      apply: async ({ directory, id, apacheAddress }) => {
        await directory.add(dnsNode(id, apacheAddress))
      },
    },
  },
  {
    id: 'large-token',
    name: 'the user is in 600 groups, and the backend takes headers of 8 KiB',
    user: 'heidi',
    dns: ({ address }) => address(12),
    site: smallHeaders(8190),
    code: 'ERR_SSO_TOKEN_TOO_LARGE',
    doctor: ['DOCTOR_TOKEN_LARGE'],
    mend: {
      setting: 'DOCTOR_TOKEN_LARGE',
      says: /LimitRequestFieldSize/,
      apply: async (place) => {
        place.apache.write(place.id, smallHeaders(65_536)(place))
        await place.apache.reload()
      },
    },
  },
  {
    id: 'no-mutual',
    name: 'the policy wants the backend’s proof, and the backend gives none',
    site: silent,
    row: () => ({ mutualAuthentication: 'required' }),
    code: 'ERR_KRB_MUTUAL',
    doctor: ['DOCTOR_APP_NO_MUTUAL'],
    mend: {
      setting: 'DOCTOR_APP_NO_MUTUAL',
      says: /mutualAuthentication/,
      apply: async ({ apache, id }) => {
        apache.write(id, `Use Site ${id} Off\n`)
        await apache.reload()
      },
    },
  },
]
