import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  planChecks,
  runChecks,
  TUNNEL_CHECKS,
  type TunnelWorld,
} from '../../../src/doctor/index.ts'
import {
  createAuthority,
  createKey,
  createSigningRequest,
  issueConnectorCertificate,
  issueServerCertificate,
} from '../../../src/pki/index.ts'
import { SallyportError } from '../../../src/platform/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { DAY_MS, derOf, START_MS, stillPorts } from '../../support/pki.ts'

const NAME = 'gateway.example'
const ports = stillPorts()
const authority = createAuthority(ports)
const order = { csrPem: createSigningRequest(createKey(), 'c'), connectorId: randomUUID() }
const cert = issueConnectorCertificate(authority, order, ports).certificatePem
const shown = (names: readonly string[], by = authority) => ({
  chain: [derOf(issueServerCertificate(by, { names }, ports).certificatePem)],
  chainFault: undefined,
  alpn: undefined,
})

const WORLD: TunnelWorld = {
  nowMs: START_MS + DAY_MS,
  stateDirectory: '/var/lib/sallyport',
  proxy: undefined,
  registration: () =>
    Promise.resolve({
      address: `${NAME}:8444`,
      serverName: NAME,
      id: 'c1',
      group: 'default',
      cert,
      ca: authority.certificatePem,
    }),
  addresses: () => Promise.resolve(['192.0.2.1']),
  connect: () => Promise.resolve(1.2),
  peek: () => Promise.resolve(shown([NAME])),
  ask: () => Promise.resolve({ apps: [], roundTripMs: 4 }),
}

const fails = (code: string) => () => Promise.reject(new SallyportError(code, 'why'))

/** Codes of what is not well. */
async function look(change: Partial<TunnelWorld> = {}) {
  const plan = planChecks(TUNNEL_CHECKS, { ...WORLD, ...change })
  const limits = { checkMs: 1000, concurrent: 1 }
  const results = await runChecks(plan, limits, { clock: new ManualClock() })
  const findings = results.flatMap((result) => result.findings)
  const unwell = findings.filter(({ outcome }) => outcome === 'warn' || outcome === 'fail')
  return { codes: unwell.map(({ code }) => code).join(), findings, unwell }
}

describe('the checks of the way to the gateway', () => {
  it('pass where all is well', async () => {
    const { codes, findings } = await look()
    assert.equal(codes, '')
    assert.deepEqual(
      findings.map(({ code }) => code),
      [
        'DOCTOR_REGISTERED',
        'DOCTOR_CERTIFICATE_GOOD',
        'DOCTOR_GATEWAY_RESOLVES',
        'DOCTOR_GATEWAY_TCP',
        'DOCTOR_GATEWAY_TLS',
        'DOCTOR_TUNNEL_GOOD',
      ],
    )
    assert.ok(findings.every(({ outcome }) => outcome === 'pass'))
  })

  it('stop at the first step that fails', async () => {
    const cases: readonly (readonly [Partial<TunnelWorld>, string])[] = [
      [{ registration: fails('ERR_CONNECTOR_NOT_REGISTERED') }, 'DOCTOR_NOT_REGISTERED'],
      [{ addresses: fails('ENOTFOUND') }, 'DOCTOR_GATEWAY_NO_ADDRESS'],
      [{ connect: fails('ECONNREFUSED') }, 'DOCTOR_TUNNEL_UNREACHABLE'],
      [{ peek: fails('ECONNRESET') }, 'DOCTOR_GATEWAY_TLS_FAILED'],
      [{ ask: fails('ERR_TUNNEL_REFUSED') }, 'DOCTOR_TUNNEL_REVOKED'],
      [{ ask: fails('ERR_TUNNEL_LOST') }, 'DOCTOR_TUNNEL_FAILED'],
    ]
    for (const [change, code] of cases) assert.equal((await look(change)).codes, code)
  })

  it('replace a registration with --force where there is one, and only there', async () => {
    const commandFor = async (code: string) =>
      (await look({ registration: fails(code) })).unwell[0]?.mends[0]?.shell ?? ''
    const first = await commandFor('ERR_CONNECTOR_NOT_REGISTERED')
    assert.match(first, /connector register --state \/var\/lib\/sallyport /)
    const damaged = await commandFor('ERR_CONNECTOR_REGISTRATION_DAMAGED')
    assert.match(damaged, /connector register --force --state/)
    const { unwell } = await look({ ask: fails('ERR_TUNNEL_REFUSED') })
    assert.match(unwell[0]?.mends[0]?.shell ?? '', /register --force/)
  })

  it('name the issuer of whoever intercepts', async () => {
    const other = createAuthority(ports)
    const { codes, unwell } = await look({ peek: () => Promise.resolve(shown([NAME], other)) })
    assert.equal(codes, 'DOCTOR_GATEWAY_INTERCEPTED')
    assert.match(unwell[0]?.message ?? '', /issued by “CN=/)
  })

  it('tell a wrong name, and times that do not fit', async () => {
    const wrongName = await look({ peek: () => Promise.resolve(shown(['other.example'])) })
    assert.equal(wrongName.codes, 'DOCTOR_GATEWAY_NAME')
    assert.match(wrongName.unwell[0]?.message ?? '', /other\.example.*, not for gateway\.example/)
    const soon = await look({ nowMs: START_MS + 20 * DAY_MS })
    assert.equal(soon.codes, 'DOCTOR_CERTIFICATE_ENDS_SOON')
    const late = await look({ nowMs: START_MS + 400 * DAY_MS })
    assert.equal(late.codes, 'DOCTOR_CERTIFICATE_ENDED,DOCTOR_GATEWAY_EXPIRED')
  })

  it('say a word of slow ways, and of proxies that the tunnel does not use', async () => {
    const slow = await look({ ask: () => Promise.resolve({ apps: [], roundTripMs: 301 }) })
    assert.equal(slow.codes, 'DOCTOR_TUNNEL_SLOW')
    const proxy = 'http://proxy.example:3128'
    assert.equal((await look({ proxy })).codes, '')
    const closed = await look({ proxy, connect: fails('ETIMEDOUT') })
    assert.equal(closed.codes, 'DOCTOR_TUNNEL_UNREACHABLE,DOCTOR_GATEWAY_PROXY_UNUSED')
  })
})
